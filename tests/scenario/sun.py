"""The sun over the district, worked out once for each minute of all the months."""

from datetime import UTC, datetime
from functools import cache

from astral import Observer
from astral.sun import elevation

LATITUDE, LONGITUDE = -5.47, 122.63
_HERE = Observer(LATITUDE, LONGITUDE, 0)


@cache
def sun_deg(at_s: float) -> float:
    """Its height over the horizon, without refraction."""
    return elevation(_HERE, datetime.fromtimestamp(at_s, UTC), with_refraction=False)
