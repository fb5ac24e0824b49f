"""Rows of an export by columns: instants, numbers and words, each knowing what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_MS = -(1 << 62)
NO_COUNT = -1
NO_WORD = -1


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds since 1970 UTC; NO_MS is missing."""

    ms: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is not finite is missing."""

    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counts:
    """Whole numbers; NO_COUNT is missing."""

    values: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Flags:
    """Yes or no."""

    values: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Words:
    """Each row's place in a list of words; NO_WORD is missing."""

    at: NDArray[np.int64]
    words: Sequence[str]


Column = Times | Numbers | Counts | Words | Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands, in degrees of WGS 84."""

    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Some rows; `places` has one for each word of the column `asset`, for maps."""

    columns: Mapping[str, Column]
    rows: int
    places: Sequence[Place | None] = ()


def words_of(values: Iterable[str | None]) -> Words:
    """From one word a row."""
    known: dict[str, int] = {}
    at = [NO_WORD if v is None else known.setdefault(v, len(known)) for v in values]
    return Words(np.array(at, np.int64), list(known))


def times_of(values: Iterable[int | None]) -> Times:
    """From one instant a row."""
    return Times(np.array([NO_MS if v is None else v for v in values], np.int64))


def counts_of(values: Iterable[int | None]) -> Counts:
    """From one whole number a row."""
    return Counts(np.array([NO_COUNT if v is None else v for v in values], np.int64))


def numbers_of(values: Iterable[float | None]) -> Numbers:
    """From one number a row."""
    return Numbers(np.array([np.nan if v is None else v for v in values], np.float64))


def flags_of(values: Iterable[bool]) -> Flags:
    """From one yes or no a row."""
    return Flags(np.array(list(values), np.bool_))
