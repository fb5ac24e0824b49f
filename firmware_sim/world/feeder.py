"""A feeder: many lamps behind one meter, on one phase or on three."""

from collections.abc import Callable, Container

from firmware_sim.world.lamp import Lamp, LampState

LEFT_BY_THIEVES = 0.35  # of the load, the part before the cut


class Feeder:
    """So many lamps, dealt out over the phases in turn."""

    def __init__(
        self,
        *,
        lamps: int,
        lamps_out: int,
        lamp_w: float,
        power_factor: float,
        phases: int,
        is_dark: Callable[[float], bool],
        start_s: float,
        seed: str,
        faults: Container[str] = (),
        cycle_s: float = 240.0,
    ) -> None:
        self._faults = faults
        self._lamps = lamps
        self._out = min(lamps_out, lamps)
        self._phases = tuple(
            Lamp(
                rated_w=lamp_w * len(range(phase, lamps, phases)),
                power_factor=power_factor,
                is_dark=is_dark,
                start_s=start_s,
                seed=f"{seed}/{phase}" if phases > 1 else seed,
                faults=_PhaseFaults(faults, first=phase == 0),
                connected=self._share,
                cycle_s=cycle_s,
            )
            for phase in range(phases)
        )

    def at(self, now_s: float) -> tuple[LampState, ...]:
        """Every phase, L1 first."""
        return tuple(phase.at(now_s) for phase in self._phases)

    def _share(self) -> float:
        """Of the lamps, how many draw power."""
        if "cable_stolen" in self._faults:
            return LEFT_BY_THIEVES if self._lamps > 1 else 0.0
        return 1 - self._out / self._lamps if "lamps_out" in self._faults else 1.0


class _PhaseFaults:
    """What is wrong on one phase: a lost phase is the first one's supply."""

    def __init__(self, faults: Container[str], *, first: bool) -> None:
        self._faults = faults
        self._first = first

    def __contains__(self, name: object) -> bool:
        lost = self._first and name == "supply_loss" and "phase_lost" in self._faults
        return lost or name in self._faults
