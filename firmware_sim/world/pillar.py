"""A feeder pillar: its photocell tells its contactor when the lamps are to burn."""

from collections.abc import Callable, Container


class Pillar:
    """One pillar under one sky."""

    def __init__(self, *, is_dark: Callable[[float], bool], faults: Container[str] = ()) -> None:
        self._is_dark = is_dark
        self._faults = faults

    def sees_dark(self, now_s: float) -> bool:
        """What its photocell says."""
        return "photocell_stuck" in self._faults or self._is_dark(now_s)

    def is_commanded(self, now_s: float) -> bool:
        """Whether the contactor's coil has a supply."""
        return "supply_loss" not in self._faults and self.sees_dark(now_s)

    def is_closed(self, now_s: float) -> bool:
        """Whether the contactor feeds the lamps."""
        if "supply_loss" in self._faults or "contactor_open" in self._faults:
            return False
        return "contactor_welded" in self._faults or self.is_commanded(now_s)

    def is_door_open(self, _now_s: float) -> bool:
        """Whether somebody is at it."""
        return "door_open" in self._faults
