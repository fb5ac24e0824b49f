"""What a camera sees: a street with a car on it, a night without light, or somebody's hand."""

import random
from collections.abc import Container

from firmware_sim.camera.jpeg import COLUMNS, ROWS, picture

DARK, HAND = 2, 92
CAR = 210


class Scene:
    """The same street for the same seed; its car moves on with every picture."""

    def __init__(self, seed: str, faults: Container[str]) -> None:
        self._faults = faults
        tones = random.Random(seed)
        self._street = [tones.randrange(40, 180) for _ in range(COLUMNS * ROWS)]
        self._looked = 0

    def still(self) -> bytes:
        """A JPEG of now."""
        if "dark" in self._faults:
            return picture([DARK] * (COLUMNS * ROWS))
        if "covered" in self._faults:
            return picture([HAND + self._next() % 2 * 4] * (COLUMNS * ROWS))
        tones = list(self._street)
        at = self._looked if "frozen" in self._faults else self._next()
        tones[COLUMNS * (ROWS - 2) + at % COLUMNS] = CAR
        return picture(tones)

    def _next(self) -> int:
        self._looked += 1
        return self._looked
