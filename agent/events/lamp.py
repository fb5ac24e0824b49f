"""One streetlight's faults, from what its meter or its control gear says."""

from collections import deque

from agent.events.condition import Hold, above, below
from agent.events.rule import ABSENT, UNKNOWN, Rule, Seen, Verdict
from contract.event_types import EventType
from contract.limits import Feeder, Lamp

ON, OFF = 0.5, 0.2  # of the rated power, for counting cycles
CLEAR = 1.5  # a failed lamp works again over this many times the failure's threshold
STEADY_MS = 60_000
LEAST_SUPPLY_V = 172.5  # below it no lamp is judged


def lamp_rules(lamp: Lamp) -> tuple[Rule, ...]:
    """Each hides those after it."""
    return (
        SupplyLoss(lamp.supply_loss_below_v, lamp.supply_loss_after_s),
        ControlGearFailure(),
        CyclingFailure(lamp),
        LampFailure(lamp),
        UnexpectedOn(lamp.rated_w * lamp.burning_above, lamp.unexpected_on_after_s),
        PowerFactorTooLow(lamp.power_factor_min, lamp.power_factor_after_s, lamp.rated_w * 0.3),
    )


class SupplyLoss:
    """The voltage at the meter is gone."""

    type = EventType.SUPPLY_LOSS

    def __init__(self, below_v: float, after_s: float) -> None:
        self.hold = hold(after_s, STEADY_MS)
        self._below_v = below_v
        self._gone: bool | None = None

    def judge(self, seen: Seen) -> Verdict | None:
        """By the voltage; between the two thresholds it is as it was, and explains as before."""
        volts = seen.values.get("voltage")
        if volts is None:
            return None
        if seen.unfed:
            self._gone = None
            return UNKNOWN
        gone = below(volts, self._below_v, self._below_v * CLEAR)
        self._gone = self._gone if gone is None else gone
        return Verdict(self._gone, f"{volts:.0f} V")


class ControlGearFailure:
    """The DALI control gear's own word."""

    type = EventType.CONTROL_GEAR_FAILURE
    hold = Hold(begin_ms=20_000, end_ms=STEADY_MS)

    def judge(self, seen: Seen) -> Verdict | None:
        """DALI QUERY STATUS bit 0."""
        return flag(seen, "control_gear_failure", "the control gear reports itself failed")


class LampFailure:
    """The lamp should burn and does not; its gear's own word comes first."""

    type = EventType.LAMP_FAILURE

    def __init__(self, lamp: Lamp) -> None:
        self.hold = hold(lamp.failure_after_s, STEADY_MS)
        self._lamp = lamp

    def judge(self, seen: Seen) -> Verdict | None:
        """By day a failed lamp stays failed: nothing shows that it was mended."""
        if "lamp_failure" in seen.values:
            return flag(seen, "lamp_failure", "the control gear reports a failed lamp")
        watts = seen.values.get("active_power")
        level = seen.values.get("light_level", 100.0) / 100
        if watts is None:
            return None
        if not seen.lit or level <= 0:
            return UNKNOWN
        if seen.values.get("voltage", LEAST_SUPPLY_V) < LEAST_SUPPLY_V:
            return UNKNOWN
        due_w = self._lamp.rated_w * level
        few_w = due_w * self._lamp.failure_below
        return Verdict(
            below(abs(watts), few_w, few_w * CLEAR), f"draws {watts:.1f} W of {due_w:.0f} W"
        )


class UnexpectedOn:
    """It burns by day; at night nothing shows that it was mended."""

    type = EventType.LAMP_UNEXPECTED_ON

    def __init__(self, above_w: float, after_s: float) -> None:
        self.hold = hold(after_s, STEADY_MS)
        self._above_w = above_w

    def judge(self, seen: Seen) -> Verdict | None:
        """By the power, in full daylight."""
        watts = seen.values.get("active_power")
        if watts is None:
            return None
        if seen.dark is not False:
            return UNKNOWN
        return Verdict(
            above(abs(watts), self._above_w, self._above_w / 2), f"draws {watts:.1f} W by day"
        )


class CyclingFailure:
    """It goes out and comes on again while it should burn."""

    type = EventType.CYCLING_FAILURE

    def __init__(self, lamp: Lamp) -> None:
        self.hold = Hold(begin_ms=0, end_ms=0)  # its window is its hold
        self._lamp = lamp
        self._changes: deque[int] = deque(maxlen=lamp.cycles)
        self._on: bool | None = None
        self._lit_since_ms: int | None = None

    def judge(self, seen: Seen) -> Verdict | None:
        """So many changes within the window; over when none came for as long."""
        watts = seen.values.get("active_power")
        if watts is None:
            return None
        if not seen.lit:
            self._changes.clear()
            self._on = self._lit_since_ms = None
            return UNKNOWN
        if self._lit_since_ms is None:
            self._lit_since_ms = seen.at_ms
        self._count(abs(watts) / self._lamp.rated_w, seen.at_ms)
        window_ms = round(self._lamp.cycling_window_s * 1_000)
        recent = [at for at in self._changes if seen.at_ms - at <= window_ms]
        if len(recent) >= self._lamp.cycles:
            return Verdict(True, f"{len(recent)} changes in {self._lamp.cycling_window_s:.0f} s")
        quiet = not recent and seen.at_ms - self._lit_since_ms > window_ms
        return ABSENT if quiet else UNKNOWN

    def _count(self, share: float, at_ms: int) -> None:
        on = above(share, ON, OFF)
        if on is None or on == self._on:
            return
        if self._on is not None:
            self._changes.append(at_ms)
        self._on = on


class PowerFactorTooLow:
    """It burns with a bad power factor; the sign is the transformer's and does not count."""

    type = EventType.POWER_FACTOR_TOO_LOW

    def __init__(self, least: float, after_s: float, above_w: float) -> None:
        self.hold = hold(after_s, STEADY_MS)
        self._least = least
        self._above_w = above_w

    def judge(self, seen: Seen) -> Verdict | None:
        """Only while it draws enough for the factor to mean something."""
        factor, watts = seen.values.get("power_factor"), seen.values.get("active_power")
        if factor is None or watts is None:
            return None
        if abs(watts) < self._above_w:
            return UNKNOWN
        return Verdict(below(abs(factor), self._least, self._least + 0.03), f"{abs(factor):.2f}")


def flag(seen: Seen, quantity: str, words: str) -> Verdict | None:
    """What a device says of itself with 0 or 1."""
    value = seen.values.get(quantity)
    return None if value is None else Verdict(value >= 0.5, words)


def hold(begin_s: float, end_ms: int) -> Hold:
    """A hold from settings."""
    return Hold(begin_ms=round(begin_s * 1_000), end_ms=end_ms)


def feeder_burns_by_day(feeder: Feeder) -> UnexpectedOn:
    """At least one lamp of the feeder draws power by day."""
    return UnexpectedOn(0.5 * feeder.lamp_w, feeder.unexpected_on_after_s)
