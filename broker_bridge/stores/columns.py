"""The readings of a group of batches as one set of numpy columns, ready for either store."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from broker_bridge.store import AssetName, NewBatch
from broker_bridge.stores.dated import BootRow
from broker_bridge.stores.moments import EARLIEST_MS, LATEST_MS
from broker_bridge.stores.quality import SUSPECT

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A batch with its rows' ids."""

    batch: NewBatch
    id: int
    gateway_id: int
    boot: BootRow

    @property
    def origin_ms(self) -> int | None:
        """None while its boot has no date."""
        return self.boot.origin_ms

    @property
    def floor_ms(self) -> int:
        """No reading of it is put before this instant."""
        return EARLIEST_MS if self.boot.floor_ms is None else self.boot.floor_ms

    @property
    def time_quality(self) -> int:
        """As a part of a reading's quality."""
        return 0 if self.origin_ms is None else self.boot.time_quality << 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """One element a reading; `time_ms` is UTC for dated readings, else of the boot's clock."""

    time_ms: Integers
    value: NDArray[np.float64]
    batch_id: Integers
    boot_id: Integers
    gateway_id: Integers
    asset_id: Integers
    quantity_id: Integers
    quality: Integers

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, at: NDArray[np.bool_] | NDArray[np.intp]) -> "Columns":
        return Columns(
            time_ms=self.time_ms[at],
            value=self.value[at],
            batch_id=self.batch_id[at],
            boot_id=self.boot_id[at],
            gateway_id=self.gateway_id[at],
            asset_id=self.asset_id[at],
            quantity_id=self.quantity_id[at],
            quality=self.quality[at],
        )


def columns_of(
    placed: Sequence[Placed],
    asset_id: Callable[[AssetName], int],
    quantity_id: Callable[[str], int],
) -> tuple[Columns, Columns]:
    """The dated and the undated readings of these batches, in their order."""
    bodies = [p.batch.body for p in placed]
    sizes = np.array([len(body.value) for body in bodies], np.int64)
    total = int(sizes.sum())
    zero_ms = np.array(
        [b.base_ms + (p.origin_ms or 0) for b, p in zip(bodies, placed, strict=True)]
    )
    columns = Columns(
        time_ms=_joined((b.offset_ms for b in bodies), total) + np.repeat(zero_ms, sizes),
        value=np.fromiter(chain.from_iterable(b.value for b in bodies), np.float64, total),
        batch_id=np.repeat(np.array([p.id for p in placed], np.int64), sizes),
        boot_id=np.repeat(np.array([p.boot.id for p in placed], np.int64), sizes),
        gateway_id=np.repeat(np.array([p.gateway_id for p in placed], np.int64), sizes),
        asset_id=_looked_up(
            [[asset_id((kind, name)) for name, kind in body.assets] for body in bodies],
            _joined((body.asset for body in bodies), total),
            sizes,
        ),
        quantity_id=_looked_up(
            [[quantity_id(name) for name in body.quantities] for body in bodies],
            _joined((body.quantity for body in bodies), total),
            sizes,
        ),
        quality=_suspicions([body.suspect for body in bodies], sizes)
        | np.repeat(np.array([p.time_quality for p in placed], np.int64), sizes),
    )
    floor_ms = np.repeat(np.array([p.floor_ms for p in placed], np.int64), sizes)
    dated = np.repeat(np.array([p.origin_ms is not None for p in placed], np.bool_), sizes)
    if dated.all():
        return _clamped(columns, floor_ms), columns[~dated]
    return _clamped(columns[dated], floor_ms[dated]), columns[~dated]


def _joined(lists: Iterable[list[int]], total: int) -> Integers:
    return np.fromiter(chain.from_iterable(lists), np.int64, total)


def _looked_up(tables: list[list[int]], local: Integers, sizes: Integers) -> Integers:
    """Each batch's own indices, turned into row ids through its own table."""
    table = np.array(list(chain.from_iterable(tables)), np.int64)
    lengths = np.array([len(ids) for ids in tables], np.int64)
    starts = np.cumsum(lengths) - lengths
    return table[local + np.repeat(starts, sizes)] if len(local) else local


def _suspicions(suspects: list[list[int]], sizes: Integers) -> Integers:
    quality = np.zeros(int(sizes.sum()), np.int64)
    starts = (np.cumsum(sizes) - sizes).tolist()
    marked = [start + at for start, ats in zip(starts, suspects, strict=True) for at in ats]
    quality[marked] = SUSPECT
    return quality


def _clamped(columns: Columns, floor_ms: Integers) -> Columns:
    np.clip(columns.time_ms, floor_ms, LATEST_MS, out=columns.time_ms)
    return columns


def newest(columns: Columns) -> Columns:
    """The newest reading of each (asset, quantity); of equals, the one sealed last."""
    if not len(columns):
        return columns
    key = columns.asset_id << 16 | columns.quantity_id
    order = np.lexsort((columns.time_ms, key))
    ends = np.flatnonzero(np.diff(key[order], append=-1))
    return columns[order[ends]]
