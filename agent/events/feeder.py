"""Faults of a feeder and its pillar: missing power, a cut cable, the contactor and the door."""

from collections.abc import Sequence
from statistics import median

from agent.events.lamp import (
    STEADY_MS,
    PowerFactorTooLow,
    SupplyLoss,
    feeder_burns_by_day,
    flag,
    hold,
)
from agent.events.phases import OfAllPhases, Wire, wires
from agent.events.rule import ABSENT, UNKNOWN, Rule, Seen, Verdict
from contract.event_types import EventType
from contract.limits import Cabinet, Feeder

NIGHTS = 7
MAX_SAMPLES = 200
SETTLED_MS = 900_000  # discharge lamps take a quarter of an hour to reach their power
SAMPLE_MS = 300_000
STALE_MS = 600_000
RATED_V = 220.0
MENDED = 0.8  # of the current before, or of what is due
OUT_SHARE = 0.7  # of one lamp's power
UNLEARNED_SHARE = 0.1  # of the feeder's rated power, before a first night was seen


def feeder_rules(feeder: Feeder, *, nights: Sequence[float] = ()) -> tuple[Rule, ...]:
    """Each hides those after it; `nights` is what was learned before."""
    baseline = Baseline(feeder, nights)
    rules: tuple[Rule, ...] = (
        SupplyLoss(feeder.supply_loss_below_v, feeder.supply_loss_after_s),
        OpenCircuit(feeder, baseline),
        LampsOut(feeder, baseline),
        feeder_burns_by_day(feeder),
        PowerFactorTooLow(
            feeder.power_factor_min,
            feeder.power_factor_after_s,
            0.3 * feeder.lamps * feeder.lamp_w,
        ),
    )
    return tuple(OfAllPhases(rule) for rule in rules)


def cabinet_rules(cabinet: Cabinet) -> tuple[Rule, ...]:
    """The contactor and the door; neither hides the other."""
    return (ContactorError(cabinet), DoorOpen(cabinet))


class ContactorError:
    """The feedback contradicts the command."""

    type = EventType.CONTACTOR_ERROR

    def __init__(self, cabinet: Cabinet) -> None:
        self.hold = hold(cabinet.contactor_after_s, STEADY_MS)

    def judge(self, seen: Seen) -> Verdict | None:
        """By both contacts."""
        command = seen.values.get("contactor_command")
        closed = seen.values.get("contactor_closed")
        if command is None or closed is None:
            return None
        words = "told to close and open" if command else "told to open and closed"
        return Verdict(command != closed, words)


class DoorOpen:
    """Somebody is at the pillar."""

    type = EventType.CABINET_DOOR_OPEN

    def __init__(self, cabinet: Cabinet) -> None:
        self.hold = hold(cabinet.door_after_s, STEADY_MS)

    def judge(self, seen: Seen) -> Verdict | None:
        """By the door's contact."""
        return flag(seen, "door_open", "the door is open")


class OpenCircuit:
    """A wire's current fell at once, and stays low, with voltage there and the lamps fed."""

    type = EventType.OPEN_CIRCUIT

    def __init__(self, feeder: Feeder, baseline: "Baseline") -> None:
        self.hold = hold(feeder.open_circuit_after_s, STEADY_MS)
        self._feeder = feeder
        self._baseline = baseline
        self._currents: dict[str, WireCurrent] = {}
        self._voltages = 0

    def judge(self, seen: Seen) -> Verdict | None:
        """By each wire's current, read by read; a switched off feeder is no theft."""
        found = wires(seen.values, rated_v=RATED_V)
        if not found or self._lost_a_voltage(seen):
            return None
        if not seen.lit or min(wire.volts for wire in found) < RATED_V / 2:
            for current in self._currents.values():
                current.unfed()
            return UNKNOWN
        for wire in found:
            self._current_of(wire).see(wire.amps, seen.at_ms)
        fallen = [wire for wire in found if self._current_of(wire).low]
        if fallen:
            return Verdict(True, ", ".join(self._words(wire) for wire in fallen))
        if any(self._current_of(wire).mended for wire in found):
            return ABSENT
        watts = sum(wire.amps * wire.volts for wire in found)
        return ABSENT if watts >= MENDED * self._baseline.expected_w() else UNKNOWN

    def _lost_a_voltage(self, seen: Seen) -> bool:
        """A read whose voltage could not be believed has no current to be believed either."""
        before = self._voltages
        self._voltages = sum(name.startswith("voltage") for name in seen.values)
        return self._voltages < before

    def _current_of(self, wire: Wire) -> "WireCurrent":
        if wire.name not in self._currents:
            self._currents[wire.name] = WireCurrent(self._feeder)
        return self._currents[wire.name]

    def _words(self, wire: Wire) -> str:
        was_a = self._current_of(wire).fell_from_a or 0.0
        return f"{wire.name}fell from {was_a:.2f} A to {wire.amps:.2f} A at {wire.volts:.0f} V"


class WireCurrent:
    """One wire's current: whether it fell at once and is still `low`, or has just `mended`."""

    def __init__(self, feeder: Feeder) -> None:
        self.fell_from_a: float | None = None
        self.low = self.mended = False
        self._kept = 1 - feeder.open_circuit_drop
        self._least_a = 0.5 * feeder.lamp_w / RATED_V
        self._before_a: float | None = None
        self._before_ms = 0
        self._confirmed = False

    def unfed(self) -> None:
        """A fall that was seen twice is remembered until the lamps are fed again."""
        self._before_a = None
        self.fell_from_a = self.fell_from_a if self._confirmed else None

    def see(self, amps: float, at_ms: int) -> None:
        """The next read of a fed wire."""
        before_a = self._current_before(at_ms)
        self._before_a, self._before_ms = amps, at_ms
        self.mended = False
        if before_a > self._least_a and amps < before_a * self._kept:
            self.fell_from_a, self.low = before_a, True
        else:
            self._see_again(amps)

    def _current_before(self, at_ms: int) -> float:
        """Of the read before; what fell while nobody looked did not fall at once."""
        stale = at_ms - self._before_ms > STALE_MS
        return 0.0 if self._before_a is None or stale else self._before_a

    def _see_again(self, amps: float) -> None:
        was_a = self.fell_from_a
        self.low = self._confirmed = was_a is not None and amps < was_a * (self._kept + 0.1)
        self.mended = was_a is not None and not self.low
        if was_a is not None and amps >= was_a * MENDED:
            self.fell_from_a = None


class Baseline:
    """What the feeder draws when all its lamps burn: the median night's power of a week."""

    def __init__(self, feeder: Feeder, nights: Sequence[float] = ()) -> None:
        self.nights = list(nights)[-NIGHTS:]
        self._feeder = feeder
        self._tonight: list[float] = []
        self._lit_since_ms: int | None = None
        self._sampled_ms = 0

    def dark_night_ended(self, *, healthy: bool) -> None:
        """Learn the night, unless lamps were out in it."""
        if healthy and len(self._tonight) >= 12:
            self.nights = [*self.nights, round(median(self._tonight), 1)][-NIGHTS:]
        self._tonight.clear()
        self._lit_since_ms = None

    def unlit(self) -> None:
        """Whether they burn is not known any more; they may have to warm up again."""
        self._lit_since_ms = None

    def missing_w(self, watts: float, volts: float, at_ms: int) -> float | None:
        """How much less it draws than when all burn; None while the lamps warm up."""
        if self._lit_since_ms is None:
            self._lit_since_ms = at_ms
        if at_ms - self._lit_since_ms < SETTLED_MS:
            return None
        steady_w = watts / self._follows(volts)
        if at_ms - self._sampled_ms >= SAMPLE_MS and len(self._tonight) < MAX_SAMPLES:
            self._sampled_ms = at_ms
            self._tonight.append(steady_w)
        return self.expected_w() - steady_w

    def tolerance_w(self) -> float:
        """How much may be missing before a lamp is called out."""
        one_lamp_w = OUT_SHARE * self._feeder.lamp_w
        if self.nights:
            return one_lamp_w
        return max(one_lamp_w, UNLEARNED_SHARE * self._feeder.lamps * self._feeder.lamp_w)

    def expected_w(self) -> float:
        """What all the lamps draw together at the rated voltage."""
        return median(self.nights) if self.nights else self._feeder.lamps * self._feeder.lamp_w

    def _follows(self, volts: float) -> float:
        return (volts / RATED_V) ** 2 if self._feeder.load == "discharge" else 1.0


class LampsOut:
    """So many lamps draw nothing, counted by the power that is missing."""

    type = EventType.LAMPS_OUT

    def __init__(self, feeder: Feeder, baseline: Baseline) -> None:
        self.hold = hold(feeder.lamps_out_after_s, 600_000)
        self.baseline = baseline
        self._feeder = feeder
        self._out_tonight = False
        self._out_since_ms: int | None = None

    def judge(self, seen: Seen) -> Verdict | None:
        """By the power, once the lamps are warm."""
        watts, volts = seen.values.get("active_power"), seen.values.get("voltage", RATED_V)
        if seen.lit is False or seen.dark is False:
            self.baseline.dark_night_ended(healthy=not self._out_tonight)
            self._out_tonight = False
        if watts is None:
            return None
        if not seen.lit or volts < RATED_V / 2:
            self.baseline.unlit()
            return UNKNOWN
        missing_w = self.baseline.missing_w(abs(watts), volts, seen.at_ms)
        if missing_w is None:
            return UNKNOWN
        verdict = self._verdict(missing_w)
        self._remember(out=bool(verdict.present), at_ms=seen.at_ms)
        return verdict

    def _remember(self, *, out: bool, at_ms: int) -> None:
        """A night with lamps out teaches nothing; the moment of switching off is no such night."""
        if not out:
            self._out_since_ms = None
        elif self._out_since_ms is None:
            self._out_since_ms = at_ms
        elif at_ms - self._out_since_ms >= SAMPLE_MS:
            self._out_tonight = True

    def _verdict(self, missing_w: float) -> Verdict:
        limit_w = self.baseline.tolerance_w()
        count = min(self._feeder.lamps, round(missing_w / self._feeder.lamp_w))
        if missing_w > limit_w:
            return Verdict(True, f"{max(1, count)} of {self._feeder.lamps} lamps", max(1, count))
        return ABSENT if missing_w < limit_w * 0.6 else UNKNOWN
