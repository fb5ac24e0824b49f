"""Waste bins: how full, how warm, and whether they still stand."""

import math
import random
from collections.abc import Container
from dataclasses import dataclass

SENSOR_BLIND_MM = 30  # A02YYUW data sheet: nearest distance
OVERFLOWS = 0.95
FIRE_C = 85.0
BIN_FAULTS = {
    "full": "it is filled to 95 % and nobody empties it",
    "emptied": "it has just been emptied, and stays so",
    "tilted": "it lies on its side: the sensor looks at the ground or the sky",
}
TILTED_SHARE = 1.6  # of its depth, how far the sensor sees when it looks past the bin


@dataclass(frozen=True, slots=True, kw_only=True)
class BinState:
    """What a sensor in the lid can tell."""

    distance_mm: int
    temperature_c: float
    tilted: bool


class Bin:
    """A waste bin that fills and is emptied when it overflows."""

    def __init__(
        self,
        *,
        depth_mm: int,
        fill_per_h: float,
        start_s: float,
        seed: str,
        faults: Container[str] = (),
    ) -> None:
        self._depth_mm = depth_mm
        self._fill_per_h = fill_per_h
        self._faults = faults
        self._random = random.Random(seed)
        self._fill = self._random.uniform(0.1, 0.7)
        self._seen_s = start_s

    def at(self, now_s: float) -> BinState:
        elapsed_h = max(0.0, now_s - self._seen_s) / 3600
        self._seen_s = now_s
        self._fill = self._filled(elapsed_h)
        tilted = "tilted" in self._faults
        depth_mm = self._depth_mm * (TILTED_SHARE if tilted else 1 - self._fill)
        distance_mm = depth_mm + self._random.gauss(0, 1.5)
        warm_c = 29 + 4 * math.sin(now_s / 86_400 * math.tau) + self._random.gauss(0, 0.2)
        return BinState(
            distance_mm=round(max(SENSOR_BLIND_MM, distance_mm)),
            temperature_c=FIRE_C if "burning" in self._faults else warm_c,
            tilted=tilted,
        )

    def distance_mm(self, now_s: float) -> int:
        """Millimetres from the sensor to what lies in the bin."""
        return self.at(now_s).distance_mm

    def _filled(self, elapsed_h: float) -> float:
        if "emptied" in self._faults:
            return 0.02
        if "full" in self._faults:
            return OVERFLOWS
        fill = self._fill + self._fill_per_h * elapsed_h
        return self._random.uniform(0.0, 0.05) if fill >= OVERFLOWS else fill
