"""Instants as people of the city write them: local time with its offset, fast for many."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from broker_bridge.export.tables import NO_MS
from broker_bridge.stores.moments import EARLIEST_MS, LATEST_MS

DAY_MS = 86_400_000
_WEEK_MS = 7 * DAY_MS
_QUARTER_MS = 900_000  # an offset changes on the quarter of an hour, if it does


class Clock:
    """Tells instants in one zone; remembers what its offset was when."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._offsets_ms: dict[int, int] = {}

    def texts(self, ms: NDArray[np.int64]) -> list[str]:
        """RFC 3339 with milliseconds, such as `2026-11-25T18:04:05.120+08:00`; "" is missing."""
        missing = ms == NO_MS
        told = np.clip(np.where(missing, 0, ms), EARLIEST_MS + DAY_MS, LATEST_MS - DAY_MS)
        offsets = self._of(told)
        walls = np.datetime_as_string((told + offsets).astype("datetime64[ms]")).tolist()
        endings = {offset: _ending(offset) for offset in np.unique(offsets).tolist()}
        texts = [wall + endings[o] for wall, o in zip(walls, offsets.tolist(), strict=True)]
        for row in np.flatnonzero(missing).tolist():
            texts[row] = ""
        return texts

    def days(self, ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """The city's day of each, counted from 1970-01-01."""
        return (ms + self._of(ms)) // DAY_MS

    def midnight_ms(self, day: int) -> int:
        """When that day of the city begins."""
        wall = datetime.fromtimestamp(day * 86_400, UTC).replace(tzinfo=self.zone)
        return int(wall.timestamp()) * 1_000

    def _of(self, ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is added to each instant to get the wall clock's."""
        if len(ms) and ms.max() - ms.min() < _WEEK_MS:
            first, last = (
                self._offset_ms(int(each) // _QUARTER_MS) for each in (ms.min(), ms.max())
            )
            if first == last:  # no zone changes twice within a week
                return np.full(len(ms), first, np.int64)
        quarters, at = np.unique(ms // _QUARTER_MS, return_inverse=True)
        return np.array([self._offset_ms(q) for q in quarters.tolist()], np.int64)[at]

    def _offset_ms(self, quarter: int) -> int:
        if quarter not in self._offsets_ms:
            moment = datetime.fromtimestamp(quarter * (_QUARTER_MS // 1_000), UTC)
            offset = moment.astimezone(self.zone).utcoffset()
            assert offset is not None, "a zone has an offset"
            self._offsets_ms[quarter] = int(offset.total_seconds()) * 1_000
        return self._offsets_ms[quarter]


def _ending(offset_ms: int) -> str:
    if not offset_ms:
        return "Z"
    hours, minutes = divmod(abs(offset_ms) // 60_000, 60)
    return f"{'-' if offset_ms < 0 else '+'}{hours:02}:{minutes:02}"
