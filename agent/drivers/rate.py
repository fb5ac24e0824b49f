"""A counter read twice is a rate, unless it began anew in between."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.drivers.driver import Observation

COUNTER = 2**64
MAX_BY_S = 1.25e10  # 100 Gbit/s: a counter that seems faster went backwards
MIN_MS = 100
RATES = {"received_bytes": "receive_rate", "sent_bytes": "send_rate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A 64-bit counter at one instant of ours, `up_s` after the device's start."""

    value: int
    up_s: float
    at_ms: int


def rate(before: Count, after: Count) -> float | None:
    """Units a second, a wrap at 2^64 included; None if it restarted or cannot be."""
    took_ms = after.at_ms - before.at_ms
    if after.up_s < before.up_s or took_ms < MIN_MS:
        return None
    found = (after.value - before.value) % COUNTER * 1_000 / took_ms
    return found if found <= MAX_BY_S else None


class Rates:
    """The rates of one device's counters, from one reading to the next."""

    def __init__(self) -> None:
        self._before: dict[str, Count] = {}

    def of(self, seen: Iterable[Observation], at_ms: int) -> tuple[Observation, ...]:
        """What has grown since the last reading; nothing without an uptime to tell a restart."""
        values = {one.quantity: one.value for one in seen}
        before, self._before = self._before, {}
        rates = []
        for counter, quantity in RATES.items():
            if counter not in values or "uptime" not in values:
                continue
            now = Count(value=int(values[counter]), up_s=values["uptime"], at_ms=at_ms)
            self._before[counter] = now
            found = rate(before[counter], now) if counter in before else None
            if found is not None:
                rates.append(Observation(quantity=quantity, value=round(found, 1)))
        return tuple(rates)
