"""One moment of a city store, as an export reads it, and what its ids mean."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 65_536
NO_UNCERTAINTY = -1

# Asked alike of either store: how far it is, and what its ids mean, in the order of `names_of`.
POSITION: Final = """
SELECT (SELECT id FROM generation), coalesce(max(id), 0),
    (SELECT coalesce(max(dated), 0) FROM boot)
FROM batch
"""
NAMES: Final = (
    "SELECT id, kind, name, kelurahan, latitude, longitude FROM asset",
    "SELECT id, name, unit FROM quantity",
    "SELECT id, name FROM gateway",
)

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Up to where a store was read: its batches in the order of their commits, and the boots that
    were dated late in the order of that."""

    generation: str
    batch: int
    mark: str  # of that batch's hash: a store that was put back has another one there
    dated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is wanted of a store; None is all. `until_ms` is not in it."""

    assets: Sequence[int] | None = None
    quantities: Sequence[int] | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    since: Position | None = None


class AssetRow(NamedTuple):
    """What an asset's id means."""

    id: int
    kind: str
    name: str
    kelurahan: str
    latitude: float | None
    longitude: float | None


class QuantityRow(NamedTuple):
    """What a quantity's id means."""

    id: int
    name: str
    unit: str


class EventRow(NamedTuple):
    """One begin or end of an event; `is_open` if it has begun and not ended."""

    observed_ms: int | None
    asset_id: int
    gateway_id: int
    type: str
    phase: str
    time_quality: int | None
    is_open: bool
    name: str


class HourRow(NamedTuple):
    """What the readings of one asset and quantity were in one hour."""

    hour_ms: int
    asset_id: int
    quantity_id: int
    readings: int
    suspect: int
    estimated: int
    total: float
    lowest: float | None
    highest: float | None
    due: int | None


class SeriesRow(NamedTuple):
    """The newest reading of one quantity of one asset."""

    asset_id: int
    quantity_id: int
    newest_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the ids of a block mean."""

    assets: Mapping[int, AssetRow]
    quantities: Mapping[int, QuantityRow]
    gateways: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some readings, by the ids of their store."""

    observed_ms: Integers
    value: NDArray[np.float64]
    batch_id: Integers
    asset_id: Integers
    quantity_id: Integers
    quality: Integers

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFacts:
    """Who sent the batch of each row, and how wrong its times may be."""

    gateway_id: Integers
    uncertainty_ms: Integers


class Moment(Protocol):
    """A store as it was when it was opened, whatever is committed meanwhile."""

    position: Position
    names: Names

    def mark_of(self, batch: int) -> str | None:
        """Of the batch with this id; None if there is none."""
        ...

    def readings(self, part: Part) -> Iterator[Block]:
        """In the order of the store; each once."""
        ...

    def facts_of(self, block: Block) -> BatchFacts:
        """Of the batches of a block."""
        ...

    def events(self, part: Part) -> Iterator[Sequence[EventRow]]:
        """The oldest first."""
        ...

    def hours(self, part: Part) -> Iterator[Sequence[HourRow]]:
        """Made by `nadi-bridge retain`; a position does not bind them."""
        ...

    def series(self) -> Iterator[SeriesRow]:
        """All that ever reported."""
        ...


def mark_of(batch: int, sha256: str) -> str:
    """What a position says of its last batch."""
    return sha256[-16:] if batch else ""


def spread_facts(block: Block, known: Mapping[int, tuple[int, int]]) -> BatchFacts:
    """From what is known of each batch to one element a row."""
    ids, at = np.unique(block.batch_id, return_inverse=True)
    facts = np.array([known[id_] for id_ in ids.tolist()], np.int64).reshape(-1, 2)
    return BatchFacts(gateway_id=facts[at, 0], uncertainty_ms=facts[at, 1])


def names_of(
    assets: Sequence[tuple[Any, ...]],
    quantities: Sequence[tuple[Any, ...]],
    gateways: Sequence[tuple[Any, ...]],
) -> Names:
    """From rows in the order of AssetRow and QuantityRow, and (id, name) of gateways."""
    return Names(
        assets={row[0]: AssetRow(*row) for row in assets},
        quantities={row[0]: QuantityRow(*row) for row in quantities},
        gateways=dict(gateways),
    )
