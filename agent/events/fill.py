"""Distances become a filling level: strange ones are left out, and a collection is noticed."""

from collections import deque
from dataclasses import dataclass
from statistics import median

from contract.limits import Bin

RAW, RAW_MS = 5, 300_000  # distances behind each median, none older than this
WINDOW, TIMES, FLOOR_MM = 5, 3.0, 30.0  # Hampel's filter: window, deviations, least deviation
MAD_TO_SIGMA = 1.4826
TOO_FAR = 1.05  # beyond the floor the lid is open, or the bin lies down
RISE_PER_H = 0.4  # of the bin; it fills faster only if a second report says so too
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Fill:
    """A level from 0 to 1; `collected` once, when the bin was found emptied."""

    level: float
    collected: bool = False


class FillFilter:
    """One bin's distances in order; `level` is what was known before a restart.

    Of a sensor that speaks often the median of five counts, of a rare one each report. One that
    differs much from those before, and by more than a bin can fill meanwhile, is believed when the
    next agrees with it.
    """

    def __init__(self, geometry: Bin, *, level: float | None = None) -> None:
        self.level = level
        self._bin = geometry
        self._raw: deque[tuple[int, float]] = deque(maxlen=RAW)
        self._medians: deque[float] = deque(maxlen=WINDOW)
        self._believed: tuple[int, float] | None = None
        self._doubted: tuple[int, float] | None = None

    def see(self, distance_mm: float, at_ms: int) -> Fill | None:
        """The level after this distance; None if it says nothing."""
        if distance_mm > self._bin.empty_mm * TOO_FAR:
            return None
        middle_mm = self._middle(distance_mm, at_ms)
        if self._is_doubtful(middle_mm, at_ms):
            return None
        self._medians.append(middle_mm)
        self._believed = (at_ms, middle_mm)
        before, self.level = self.level, self._level_of(middle_mm)
        return Fill(self.level, collected=self._is_collection(before, self.level))

    def _middle(self, distance_mm: float, at_ms: int) -> float:
        self._raw.append((at_ms, distance_mm))
        while at_ms - self._raw[0][0] > RAW_MS:
            self._raw.popleft()
        return median(distance for _, distance in self._raw)

    def _is_doubtful(self, middle_mm: float, at_ms: int) -> bool:
        """Whether it is far from what is known and the one before it did not say the same."""
        doubted, self._doubted = self._doubted, None
        if self._can_have_filled(self._believed, middle_mm, at_ms):
            return False
        if not self._is_strange(middle_mm):
            return False
        if doubted is not None and self._confirms(doubted, middle_mm, at_ms):
            self._medians.clear()
            return False
        self._doubted = (at_ms, middle_mm)
        return True

    def _confirms(self, doubted: tuple[int, float], middle_mm: float, at_ms: int) -> bool:
        """Whether it is as the one before it, or both say that the bin fills fast."""
        believed_mm = self._believed[1] if self._believed else 0.0
        fills_fast = middle_mm <= doubted[1] < believed_mm
        near = abs(middle_mm - doubted[1]) <= FLOOR_MM
        return near or fills_fast or self._can_have_filled(doubted, middle_mm, at_ms)

    def _can_have_filled(
        self, before: tuple[int, float] | None, middle_mm: float, at_ms: int
    ) -> bool:
        if before is None:
            return False
        span_mm = self._bin.empty_mm - self._bin.full_mm
        rise_mm = RISE_PER_H * span_mm * (at_ms - before[0]) / HOUR_MS
        return 0 <= before[1] - middle_mm <= rise_mm

    def _is_strange(self, middle_mm: float) -> bool:
        """Far from what was seen before; the very first is believed when the second agrees."""
        if not self._medians:
            return self.level is None or self._is_far(self.level, middle_mm)
        centre_mm = median(self._medians)
        spread = median(abs(one - centre_mm) for one in self._medians)
        return abs(middle_mm - centre_mm) > max(FLOOR_MM, TIMES * MAD_TO_SIGMA * spread)

    def _is_far(self, level: float, middle_mm: float) -> bool:
        span_mm = self._bin.empty_mm - self._bin.full_mm
        return abs(self._level_of(middle_mm) - level) * span_mm > FLOOR_MM

    def _level_of(self, distance_mm: float) -> float:
        span_mm = self._bin.empty_mm - self._bin.full_mm
        return max(0.0, min(1.0, (self._bin.empty_mm - distance_mm) / span_mm))

    def _is_collection(self, before: float | None, level: float) -> bool:
        fell = before is not None and before - level >= self._bin.collected_drop
        return fell and level <= self._bin.collected_below
