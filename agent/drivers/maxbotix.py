"""A MaxBotix HRXL-WR speaks by itself: `R` and four digits of millimetres (MB73xx data sheet).

The XL variants send three digits of centimetres, the HRUSB a space before the carriage return.
"""

import re

from agent.drivers.driver import Driver, Observation
from agent.drivers.place import SerialPlace
from agent.drivers.speaking_sensor import SpeakingSensorDriver
from contract.serial_devices import Maxbotix

FRAME_LEN = 6
ROGUE = b"\xff"  # seen in the stream of real sensors
_FRAME = re.compile(rb"R([0-9]{4}|[0-9]{3}) ?\r")
MM_PER_CM = 10


def build(settings: Maxbotix, place: SerialPlace) -> Driver:
    """The driver of the sensor on the line."""
    return SpeakingSensorDriver(
        place.port,
        frames=frames,
        parse=lambda frame: parse(frame, near_mm=settings.near_mm, far_mm=settings.far_mm),
        frame_len=FRAME_LEN,
        timeout_ms=settings.timeout_ms,
        clock=place.clock,
    )


def parse(frame: bytes, *, near_mm: int, far_mm: int) -> Observation:
    """The distance; at either end of the range the sensor may see nothing, so it is suspect."""
    digits = frame.strip(b"R \r")
    distance_mm = int(digits) * (1 if len(digits) == 4 else MM_PER_CM)
    at_an_end = not near_mm < distance_mm < far_mm
    return Observation(quantity="distance", value=float(distance_mm), suspect=at_an_end)


def frames(heard: bytes) -> list[bytes]:
    """The whole frames, in order."""
    return [found[0] for found in _FRAME.finditer(heard.replace(ROGUE, b""))]
