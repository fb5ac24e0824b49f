"""How complete each day of an export is: readings received of readings due."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from broker_bridge.export.zoned import Clock
from broker_bridge.stores.exporting import Block, Names, Part, SeriesRow
from broker_bridge.stores.hours import HOUR_MS, Due

MAX_DAYS = 36_525
_NEVER = 1 << 62


class Period(BaseModel):
    """One day of the city, or the part of it that is in the export."""

    model_config = ConfigDict(frozen=True)

    day: str
    received: int
    due: int | None  # None if nobody knows an interval
    completeness: float | None
    received_of_unknown_interval: int


class Completeness:
    """Counts what passes; a series is an asset and a quantity."""

    def __init__(self, names: Names, due: Due, clock: Clock) -> None:
        self._clock = clock
        self._stride = max(names.quantities, default=0) + 1
        size = (max(names.assets, default=0) + 1) * self._stride
        self._first_ms = np.full(size, _NEVER, np.int64)
        self._due = _due_by_series(names, due, self._stride, size)
        self._received: dict[int, int] = {}
        self._unknown: dict[int, int] = {}

    def add(self, block: Block) -> None:
        """These are in the export."""
        series = block.asset_id * self._stride + block.quantity_id
        np.minimum.at(self._first_ms, series, block.observed_ms)
        days = self._clock.days(block.observed_ms)
        known = self._due[series] > 0
        _count(self._received, days[known])
        _count(self._unknown, days[~known])

    def periods(
        self, part: Part, series: Iterable[SeriesRow], *, now_ms: int, assets: Iterable[int]
    ) -> list[Period]:
        """From `part.from_ms`, or the first day that has a reading, up to `part.until_ms` or now.

        A series is due from its first reading in the export on; if it has none, from the
        beginning, as long as it reported before.
        """
        seen = sorted({*self._received, *self._unknown})
        if not seen:
            return []
        from_ms = self._clock.midnight_ms(seen[0]) if part.from_ms is None else part.from_ms
        until_ms = min(now_ms if part.until_ms is None else part.until_ms, max(now_ms, from_ms))
        begins = self._begins(part, series, from_ms, assets=set(assets))
        first, last = self._day(from_ms), max(self._day(max(until_ms - 1, from_ms)), seen[-1])
        days = range(first, last + 1) if last - first < MAX_DAYS else seen
        return [self._period(day, begins, from_ms, until_ms) for day in days]

    def _begins(
        self, part: Part, series: Iterable[SeriesRow], from_ms: int, *, assets: set[int]
    ) -> NDArray[np.int64]:
        begins = self._first_ms.copy()
        wanted = None if part.quantities is None else set(part.quantities)
        for row in series:
            at = row.asset_id * self._stride + row.quantity_id
            missing = begins[at] == _NEVER and row.newest_ms < from_ms
            if missing and row.asset_id in assets and (wanted is None or row.quantity_id in wanted):
                begins[at] = from_ms
        return np.where(self._due > 0, begins, _NEVER)

    def _period(self, day: int, begins: NDArray[np.int64], from_ms: int, until_ms: int) -> Period:
        opens = max(self._clock.midnight_ms(day), from_ms)
        closes = min(self._clock.midnight_ms(day + 1), until_ms)
        spans_ms = np.clip(closes - np.maximum(begins, opens), 0, None)
        due = int((self._due * spans_ms).sum() // HOUR_MS)
        received = self._received.get(day, 0)
        unknown = self._unknown.get(day, 0)
        return Period(
            day=str(np.datetime64(day, "D")),
            received=received + unknown,
            due=due or None,
            completeness=round(min(received / due, 1.0), 4) if due else None,
            received_of_unknown_interval=unknown,
        )

    def _day(self, moment_ms: int) -> int:
        return int(self._clock.days(np.array([moment_ms]))[0])


def _due_by_series(names: Names, due: Due, stride: int, size: int) -> NDArray[np.int64]:
    by_series = np.zeros(size, np.int64)
    by_kind: Mapping[str, list[tuple[int, int]]] = {
        kind: [
            (id_, due[kind, row.name])
            for id_, row in names.quantities.items()
            if (kind, row.name) in due
        ]
        for kind in {kind for kind, _ in due}
    }
    for id_, asset in names.assets.items():
        for quantity_id, an_hour in by_kind.get(asset.kind, ()):
            by_series[id_ * stride + quantity_id] = an_hour
    return by_series


def _count(counts: dict[int, int], days: NDArray[np.int64]) -> None:
    for day, count in zip(
        *(each.tolist() for each in np.unique(days, return_counts=True)), strict=True
    ):
        counts[day] = counts.get(day, 0) + count
