"""Tables written as CSV (RFC 4180), JSON Lines or GeoJSON (RFC 7946), a block at a time."""

import json
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from broker_bridge.export.tables import NO_COUNT, Column, Counts, Flags, Place, Table, Times, Words
from broker_bridge.export.zoned import Clock

Write = Callable[[bytes], object]
Word = Callable[[str], str]


class Writer(Protocol):
    """Puts tables of the same columns into one file."""

    def write(self, table: Table) -> None:
        """One more block of rows."""
        ...

    def end(self) -> None:
        """What a whole file ends with."""
        ...


class Csv:
    """With a line of names first; a missing value is empty."""

    def __init__(self, write: Write, clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._named = False

    def write(self, table: Table) -> None:
        """See `Writer.write`."""
        if not self._named:
            self._named = True
            self._lines([",".join(table.columns)])
        columns = [_texts(c, self._clock, _csv_word, "") for c in table.columns.values()]
        self._lines([*map(",".join, zip(*columns, strict=True))])

    def end(self) -> None:
        """See `Writer.end`."""

    def _lines(self, lines: Sequence[str]) -> None:
        if lines:
            self._write(("\r\n".join(lines) + "\r\n").encode())


class JsonLines:
    """One object a line; a missing value is null."""

    def __init__(self, write: Write, clock: Clock) -> None:
        self._write = write
        self._clock = clock

    def write(self, table: Table) -> None:
        """See `Writer.write`."""
        if table.rows:
            self._write(("\n".join(_objects(table, self._clock)) + "\n").encode())

    def end(self) -> None:
        """See `Writer.end`."""


class GeoJson:
    """A collection of features, each where its asset stands; null where nobody knows."""

    def __init__(self, write: Write, clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._between = ""
        write(b'{"type":"FeatureCollection","features":[\n')

    def write(self, table: Table) -> None:
        """See `Writer.write`."""
        if not table.rows:
            return
        assets = table.columns["asset"]
        assert isinstance(assets, Words), "what stands somewhere has a name"
        places = [_geometry(place) for place in table.places]
        objects = zip(assets.at.tolist(), _objects(table, self._clock), strict=True)
        features = (
            f'{{"type":"Feature","geometry":{places[at]},"properties":{properties}}}'
            for at, properties in objects
        )
        self._write((self._between + ",\n".join(features)).encode())
        self._between = ",\n"

    def end(self) -> None:
        """See `Writer.end`."""
        self._write(b"\n]}\n")


def _objects(table: Table, clock: Clock) -> list[str]:
    columns = [_json_texts(column, clock) for column in table.columns.values()]
    row = "{{" + ",".join(f"{json.dumps(name)}:{{}}" for name in table.columns) + "}}"
    return list(map(row.format, *columns))


def _json_texts(column: Column, clock: Clock) -> Sequence[str]:
    texts = _texts(column, clock, json.dumps, "null")
    if isinstance(column, Times):
        return [f'"{text}"' if text else "null" for text in texts]
    return texts


def _texts(column: Column, clock: Clock, word: Word, missing: str) -> Sequence[str]:
    """One text a row."""
    if isinstance(column, Times):
        return clock.texts(column.ms)
    if isinstance(column, Words):
        words = [*map(word, column.words), missing]  # NO_WORD is the last
        return [words[at] for at in column.at.tolist()]
    if isinstance(column, Flags):
        return ["true" if value else "false" for value in column.values.tolist()]
    if isinstance(column, Counts):
        texts = list(map(str, column.values.tolist()))
        absent = column.values == NO_COUNT
    else:
        texts = [repr(value).removesuffix(".0") for value in column.values.tolist()]
        absent = ~np.isfinite(column.values)
    for row in np.flatnonzero(absent).tolist():
        texts[row] = missing
    return texts


def _csv_word(word: str) -> str:
    if any(mark in word for mark in ',"\r\n'):
        return '"' + word.replace('"', '""') + '"'
    return word


def _geometry(place: Place | None) -> str:
    if place is None:
        return "null"
    return json.dumps({"type": "Point", "coordinates": [place.longitude, place.latitude]})
