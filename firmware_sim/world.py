"""A small city to measure: sun, lamps, bins and Wi-Fi, from a seed and the time alone.

Every `at(now_s)` takes seconds of one steady clock, never going back, and returns what is true
then; each call differs a little from the last, so that two answers can be told apart.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from firmware_sim.settings import SunMode

BAUBAU = (-5.47, 122.63)  # latitude, longitude in degrees
SUNRISE_ELEVATION_DEG = -0.833  # upper limb at the horizon with mean refraction
J2000_UNIX_S = 946_728_000
SENSOR_BLIND_MM = 30  # A02YYUW data sheet: nearest distance
METER_START_W = 0.4  # PZEM-004T V3.0 manual: starting measuring power


@dataclass(frozen=True, slots=True, kw_only=True)
class LampState:
    """One lamp's supply and load."""

    voltage_v: float
    current_a: float
    power_w: float
    energy_wh: float
    frequency_hz: float
    power_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WifiState:
    """One access point's uplink and radio."""

    uptime_s: float
    in_octets: int
    out_octets: int
    clients: int
    up: bool


class Sky:
    """Dark or not, by setting or by the sun over Baubau; now_s 0 is `origin_unix_s`."""

    def __init__(self, mode: SunMode, *, origin_unix_s: float) -> None:
        self._mode = mode
        self._origin_unix_s = origin_unix_s

    def is_dark(self, now_s: float) -> bool:
        if self._mode == "real":
            elevation = sun_elevation_deg(self._origin_unix_s + now_s, *BAUBAU)
            return elevation < SUNRISE_ELEVATION_DEG
        return self._mode == "night"


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
    ) -> None:
        self._rated_w = rated_w
        self._power_factor = power_factor
        self._is_dark = is_dark
        self._random = random.Random(seed)
        self._phase = self._random.random() * math.tau
        self._energy_wh = self._random.uniform(50_000, 900_000)
        self._seen_s = start_s
        self._power_w = 0.0

    def at(self, now_s: float) -> LampState:
        self._energy_wh += self._power_w * max(0.0, now_s - self._seen_s) / 3600
        self._seen_s = now_s
        noise = self._random.gauss
        voltage_v = _clamp(
            225.5 + 3 * math.sin(now_s / 140 + self._phase) + noise(0, 0.5), 220, 231
        )
        lit = self._is_dark(now_s)
        self._power_w = max(METER_START_W, self._rated_w * (1 + noise(0, 0.004))) if lit else 0.0
        power_factor = _clamp(self._power_factor + noise(0, 0.004), 0.05, 1.0) if lit else 0.0
        current_a = self._power_w / (voltage_v * power_factor) if lit else 0.0
        return LampState(
            voltage_v=voltage_v,
            current_a=current_a,
            power_w=self._power_w,
            energy_wh=self._energy_wh,
            frequency_hz=50 + _clamp(noise(0, 0.04), -0.2, 0.2),
            power_factor=power_factor,
        )


class Bin:
    """A waste bin that fills and is emptied when it overflows."""

    def __init__(self, *, depth_mm: int, fill_per_h: float, start_s: float, seed: str) -> None:
        self._depth_mm = depth_mm
        self._fill_per_h = fill_per_h
        self._random = random.Random(seed)
        self._fill = self._random.uniform(0.1, 0.7)
        self._seen_s = start_s

    def at(self, now_s: float) -> int:
        """Millimetres from the sensor to what lies in the bin."""
        elapsed_h = max(0.0, now_s - self._seen_s) / 3600
        self._seen_s = now_s
        self._fill += self._fill_per_h * elapsed_h
        if self._fill >= 0.95:
            self._fill = self._random.uniform(0.0, 0.05)
        distance_mm = self._depth_mm * (1 - self._fill) + self._random.gauss(0, 1.5)
        return round(max(SENSOR_BLIND_MM, distance_mm))


class Hotspot:
    """A public Wi-Fi node: people come and go, octets only grow."""

    def __init__(self, *, start_s: float, seed: str) -> None:
        self._random = random.Random(seed)
        self._booted_s = start_s - self._random.uniform(3_600, 30 * 86_400)
        self._clients = self._random.randrange(3, 30)
        self._in_octets = self._random.randrange(10**9, 10**11)
        self._out_octets = self._random.randrange(10**8, 10**10)
        self._seen_s = start_s

    def at(self, now_s: float) -> WifiState:
        elapsed_s = max(0.0, now_s - self._seen_s)
        self._seen_s = now_s
        traffic = (self._clients * 20_000 + 500) * elapsed_s
        self._in_octets += int(traffic * self._random.uniform(0.8, 1.2)) + 64
        self._out_octets += int(traffic * self._random.uniform(0.08, 0.12)) + 64
        self._clients = int(_clamp(self._clients + self._random.choice((-1, 0, 0, 1)), 0, 60))
        return WifiState(
            uptime_s=now_s - self._booted_s,
            in_octets=self._in_octets,
            out_octets=self._out_octets,
            clients=self._clients,
            up=True,
        )


def sun_elevation_deg(unix_s: float, latitude_deg: float, longitude_deg: float) -> float:
    """The sun's height over the horizon (Astronomical Almanac, low precision: 0.05 degrees)."""
    days = (unix_s - J2000_UNIX_S) / 86_400
    anomaly = math.radians(357.529 + 0.98560028 * days)
    ecliptic = math.radians(
        280.459 + 0.98564736 * days + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly)
    )
    tilt = math.radians(23.439 - 0.00000036 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal_deg = (18.697374558 + 24.06570982441908 * days) % 24 * 15
    hour_angle = math.radians(sidereal_deg + longitude_deg) - ascension
    latitude = math.radians(latitude_deg)
    return math.degrees(
        math.asin(
            math.sin(latitude) * math.sin(declination)
            + math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
        )
    )


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))
