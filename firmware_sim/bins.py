"""Waste bins as every bin sensor's settings describe them, and what can be wrong with one."""

from typing import Protocol

from firmware_sim.ground import Ground
from firmware_sim.world.bin import Bin


class BinLike(Protocol):
    """The settings of a sensor that looks into a bin."""

    @property
    def asset(self) -> str:
        """Whose bin it is."""

    @property
    def depth_mm(self) -> int:
        """From the sensor to the empty bin's floor."""

    @property
    def fill_per_h(self) -> float:
        """How fast it fills."""


def build_bin(settings: BinLike, ground: Ground) -> Bin:
    """The bin that a sensor looks into."""
    return Bin(
        depth_mm=settings.depth_mm,
        fill_per_h=settings.fill_per_h,
        start_s=ground.start_s,
        seed=ground.seed(settings.asset, "bin"),
        faults=ground.faults[settings.asset],
    )
