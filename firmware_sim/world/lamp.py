"""Streetlights: what their supply and their load are."""

import math
import random
from collections.abc import Callable, Container
from dataclasses import dataclass

METER_START_W = 0.4  # PZEM-004T V3.0 manual: starting measuring power
DEAD_SHARE = 0.01  # of its power, what the driver of a dead lamp still draws
LOW_POWER_FACTOR = 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class LampState:
    """One lamp's supply and load."""

    voltage_v: float
    current_a: float
    power_w: float
    energy_wh: float
    frequency_hz: float
    power_factor: float


class Lamp:
    """A streetlight that burns in the dark and adds up its energy."""

    def __init__(
        self,
        *,
        rated_w: float,
        power_factor: float,
        is_dark: Callable[[float], bool],
        start_s: float,
        seed: str,
        faults: Container[str] = (),
        cycle_s: float = 240.0,
        connected: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._rated_w = rated_w
        self._power_factor = power_factor
        self._is_dark = is_dark
        self._faults = faults
        self._cycle_s = cycle_s
        self._connected = connected
        self._random = random.Random(seed)
        self._phase = self._random.random() * math.tau
        self._energy_wh = self._random.uniform(50_000, 900_000)
        self._seen_s = start_s
        self._power_w = 0.0

    def at(self, now_s: float) -> LampState:
        self._energy_wh += self._power_w * max(0.0, now_s - self._seen_s) / 3600
        self._seen_s = now_s
        noise = self._random.gauss
        voltage_v = clamp(225.5 + 3 * math.sin(now_s / 140 + self._phase) + noise(0, 0.5), 220, 231)
        lit = self.is_lit(now_s)
        share = DEAD_SHARE if "lamp_failed" in self._faults else self._connected()
        due_w = self._rated_w * share
        self._power_w = max(METER_START_W, due_w * (1 + noise(0, 0.004))) if lit else 0.0
        factor = LOW_POWER_FACTOR if "low_power_factor" in self._faults else self._power_factor
        power_factor = clamp(factor + noise(0, 0.004), 0.05, 1.0) if lit else 0.0
        current_a = self._power_w / (voltage_v * power_factor) if lit else 0.0
        frequency_hz = 50 + clamp(noise(0, 0.04), -0.2, 0.2)
        supplied = "supply_loss" not in self._faults
        return LampState(
            voltage_v=voltage_v if supplied else 0.0,
            current_a=current_a,
            power_w=self._power_w,
            energy_wh=self._energy_wh,
            frequency_hz=frequency_hz if supplied else 0.0,
            power_factor=power_factor,
        )

    def is_lit(self, now_s: float) -> bool:
        """Whether current flows to it now; a dead lamp's driver draws some too."""
        if "supply_loss" in self._faults:
            return False
        if "cycling" in self._faults and int(now_s / self._cycle_s) % 2:
            return False
        return "burns_by_day" in self._faults or self._is_dark(now_s)


def clamp(value: float, low: float, high: float) -> float:
    """`value`, or the nearer end."""
    return max(low, min(high, value))
