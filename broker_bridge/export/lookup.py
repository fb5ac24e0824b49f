"""What ids of the store mean, looked up for a whole block at once."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from broker_bridge.export.tables import NO_WORD, Place, Words
from broker_bridge.stores.exporting import AssetRow, Names

Integers = NDArray[np.int64]


class Lookup:
    """Of one moment's names."""

    def __init__(self, names: Names) -> None:
        assets, quantities = names.assets, names.quantities
        self._assets = list(assets.values())
        self._asset_at = _places(assets)
        self._kind = words_by_id({id_: row.kind for id_, row in assets.items()})
        self._quantity = words_by_id({id_: row.name for id_, row in quantities.items()})
        self._unit = words_by_id({id_: row.unit for id_, row in quantities.items()})
        self._gateway = words_by_id(names.gateways)

    def assets(self, ids: Integers) -> tuple[Words, list[Place | None]]:
        """Their names, and where each of these stands; no more names than the block has."""
        dense = self._asset_at[ids]
        used, at = _renumbered(dense, len(self._assets))
        rows = [self._assets[place] for place in used]
        return Words(at, [row.name for row in rows]), [_place(row) for row in rows]

    def kinds(self, ids: Integers) -> Words:
        """Of assets."""
        return Words(self._kind.at[ids], self._kind.words)

    def quantities(self, ids: Integers) -> Words:
        """Their names."""
        return Words(self._quantity.at[ids], self._quantity.words)

    def units(self, ids: Integers) -> Words:
        """Of quantities."""
        return Words(self._unit.at[ids], self._unit.words)

    def gateways(self, ids: Integers) -> Words:
        """Their names; no more than the block has."""
        used, at = _renumbered(self._gateway.at[ids], len(self._gateway.words))
        return Words(at, [self._gateway.words[place] for place in used])


def words_by_id(names: Mapping[int, str]) -> Words:
    """`at` is by id here, not by row."""
    words = list(dict.fromkeys(names.values()))
    place_of = {word: place for place, word in enumerate(words)}
    at = np.full(max(names, default=0) + 1, NO_WORD, np.int64)
    for id_, word in names.items():
        at[id_] = place_of[word]
    return Words(at, words)


def _places(ids: Iterable[int]) -> Integers:
    """By id, which of them it is."""
    known = list(ids)
    at = np.full(max(known, default=0) + 1, NO_WORD, np.int64)
    at[known] = np.arange(len(known))
    return at


def _renumbered(at: Integers, size: int) -> tuple[Sequence[int], Integers]:
    """The places that occur, and each row's place among these."""
    occurs = np.zeros(size, np.bool_)
    occurs[at] = True
    return np.flatnonzero(occurs).tolist(), (np.cumsum(occurs) - 1)[at]


def _place(row: AssetRow) -> Place | None:
    if row.longitude is None or row.latitude is None:
        return None
    return Place(longitude=row.longitude, latitude=row.latitude)
