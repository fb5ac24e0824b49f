"""Whether it is night at the gateway, from the sun, as long as somebody vouches for the time."""

from collections.abc import Callable
from datetime import UTC, datetime

from agent.clock import Clock
from contract.limits import Site

STEP_MS = 60_000
SUNRISE_DEG = -0.833  # upper limb at the horizon, with mean refraction
DEG_PER_MIN = 0.25  # how fast the sun rises at the equator; slower elsewhere

Elevation = Callable[[datetime], float]


class Daylight:
    """Dark, light, or None: in the twilight, and while the time or the place is not known."""

    def __init__(self, clock: Clock, *, elevation: Elevation | None, twilight_min: float) -> None:
        self._clock = clock
        self._elevation = elevation
        self._margin_deg = twilight_min * DEG_PER_MIN
        self._asked_ms = -STEP_MS
        self._dark: bool | None = None

    def dark(self, at_ms: int) -> bool | None:
        """At this moment of the boot clock; worked out once a minute."""
        if self._elevation is not None and not 0 <= at_ms - self._asked_ms < STEP_MS:
            self._asked_ms = at_ms
            self._dark = self._look(self._elevation, at_ms)
        return self._dark

    def _look(self, elevation: Elevation, at_ms: int) -> bool | None:
        sight = self._clock.sight()
        if sight is None:
            return None
        now = datetime.fromtimestamp((sight.origin_ms + at_ms) / 1_000, UTC)
        above_deg = elevation(now) - SUNRISE_DEG
        return None if abs(above_deg) < self._margin_deg else above_deg < 0


def daylight(clock: Clock, site: Site | None) -> Daylight:
    """The sun over `site`; without one nothing is known. Loads astral only for a site."""
    if site is None:
        return Daylight(clock, elevation=None, twilight_min=0)
    return Daylight(clock, elevation=_sun_over(site), twilight_min=site.twilight_min)


def _sun_over(site: Site) -> Elevation:
    from astral import Observer  # noqa: PLC0415 a gateway without lamps needs none of it
    from astral.sun import elevation  # noqa: PLC0415

    there = Observer(site.latitude, site.longitude, 0)
    return lambda now: elevation(there, now, with_refraction=False)
