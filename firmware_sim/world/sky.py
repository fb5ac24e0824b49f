"""Dark or not, by setting or by the sun over Baubau."""

import math
from typing import Literal

SunMode = Literal["night", "day", "real"]
BAUBAU = (-5.47, 122.63)  # latitude, longitude in degrees
SUNRISE_ELEVATION_DEG = -0.833  # upper limb at the horizon with mean refraction
J2000_UNIX_S = 946_728_000


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
