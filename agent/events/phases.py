"""A three-phase meter's reading, as a feeder's rules look at it: whole, and wire by wire."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.events.rule import Rule, Seen, Verdict

PHASES = ("l1", "l2", "l3")
OF_PHASES = frozenset(f"{name}_{p}" for name in ("voltage", "active_power") for p in PHASES)


@dataclass(frozen=True, slots=True)
class Wire:
    """One phase's current and voltage; `name` is empty if the meter has only one."""

    name: str
    amps: float
    volts: float


def wires(values: Mapping[str, float], *, rated_v: float) -> tuple[Wire, ...]:
    """What the meter says of each wire; none if it says no current."""
    volts = values.get("voltage", rated_v)
    if "current" in values:
        return (Wire("", values["current"], volts),)
    return tuple(
        Wire(f"L{phase[1]} ", values[f"current_{phase}"], values.get(f"voltage_{phase}", volts))
        for phase in PHASES
        if f"current_{phase}" in values
    )


def as_one(values: Mapping[str, float]) -> Mapping[str, float]:
    """The lowest phase's voltage and all phases' power, where the meter says neither itself."""
    volts = [values[name] for phase in PHASES if (name := f"voltage_{phase}") in values]
    watts = [values[name] for phase in PHASES if (name := f"active_power_{phase}") in values]
    one: dict[str, float] = {}
    if volts:
        one["voltage"] = min(volts)
    if "total_active_power" in values:
        one["active_power"] = values["total_active_power"]
    elif watts:
        one["active_power"] = sum(watts)
    return {**one, **values}


class OfAllPhases:
    """A rule for one phase, on a meter of one or of three."""

    def __init__(self, rule: Rule) -> None:
        self.type = rule.type
        self.hold = rule.hold
        self.rule = rule

    def judge(self, seen: Seen) -> Verdict | None:
        """As the rule says of the phases together."""
        if seen.values.keys().isdisjoint(OF_PHASES):
            return self.rule.judge(seen)
        return self.rule.judge(replace(seen, values=as_one(seen.values)))
