"""One waste bin's faults, from its filling level and what its sensor says besides."""

from collections import deque

from agent.events.condition import Hold, above, below
from agent.events.lamp import flag, hold
from agent.events.rule import Rule, Seen, Verdict
from contract.event_types import EventType
from contract.limits import Bin

RISE_MS = 600_000
MAX_TEMPERATURES = 256
MINUTE_MS = 60_000


def bin_rules(limits: Bin) -> tuple[Rule, ...]:
    """None of them hides another."""
    return (Fire(limits), Tilted(limits), Full(limits), BatteryLow(limits))


class Full:
    """The filling level passed the threshold; it takes a lower one to be over."""

    type = EventType.BIN_FULL

    def __init__(self, limits: Bin) -> None:
        self.hold = hold(limits.full_after_s, 0)
        self._limits = limits

    def judge(self, seen: Seen) -> Verdict | None:
        """By the filtered level, never by a raw distance."""
        level = seen.values.get("filling_level")
        if level is None:
            return None
        present = above(level, self._limits.full_above, self._limits.full_until)
        return Verdict(present, f"{level:.0%}")


class Fire:
    """Too hot, or hotter by so much within ten minutes."""

    type = EventType.BIN_FIRE
    hold = Hold(begin_ms=0, end_ms=RISE_MS)

    def __init__(self, limits: Bin) -> None:
        self._limits = limits
        self._before: deque[tuple[int, float]] = deque(maxlen=MAX_TEMPERATURES)

    def judge(self, seen: Seen) -> Verdict | None:
        """By the temperature at the sensor."""
        now = seen.values.get("temperature")
        if now is None:
            return None
        while self._before and seen.at_ms - self._before[0][0] > RISE_MS:
            self._before.popleft()
        coolest = min((degrees for _, degrees in self._before), default=now)
        self._before.append((seen.at_ms, now))
        hot = now > self._limits.fire_above_c or now - coolest > self._limits.fire_rise_c
        return Verdict(hot, f"{now:.0f} °C, {now - coolest:+.0f} within ten minutes")


class Tilted:
    """The sensor says that it lies."""

    type = EventType.BIN_TILTED

    def __init__(self, limits: Bin) -> None:
        self.hold = hold(limits.tilted_after_s, 0)

    def judge(self, seen: Seen) -> Verdict | None:
        """By the sensor's own position."""
        return flag(seen, "tilted", "the bin lies down or its lid is open")


class BatteryLow:
    """By per cent where the sensor knows them, else by the voltage."""

    type = EventType.BATTERY_LOW
    hold = Hold(begin_ms=0, end_ms=MINUTE_MS)

    def __init__(self, limits: Bin) -> None:
        self._limits = limits

    def judge(self, seen: Seen) -> Verdict | None:
        """A new battery ends it."""
        level, volts = seen.values.get("battery_level"), seen.values.get("battery_voltage")
        if level is not None:
            least = self._limits.battery_below
            return Verdict(below(level, least, least + 10), f"{level:.0f} %")
        if volts is None:
            return None
        least = self._limits.battery_below_v
        return Verdict(below(volts, least, least + 0.2), f"{volts:.2f} V")
