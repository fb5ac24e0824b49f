"""An A02YYUW ultrasonic sensor sends `FF H L SUM` by itself, in millimetres.

Frame: DFRobot SEN0311 wiki, "UART output"; SUM is the low byte of FF + H + L.
"""

from collections.abc import Callable

from firmware_sim.answers import Reply
from firmware_sim.faults import Voice
from firmware_sim.serial.settings import BinSensorSettings

HEAD = 0xFF


class A02yyuw:
    """One sensor over the bin it looks into."""

    device = BinSensorSettings.DEVICE

    def __init__(
        self, settings: BinSensorSettings, *, distance: Callable[[float], int], voice: Voice
    ) -> None:
        self.asset = settings.asset
        self.interval_s = settings.interval_ms / 1000
        self.voice = voice
        self._distance = distance

    def frame(self, now_s: float) -> Reply:
        """The frame it sends now."""
        distance_mm = self._distance(now_s)
        return Reply(frame=encode(distance_mm), values={"distance": distance_mm})


def encode(distance_mm: int) -> bytes:
    """The four bytes for a distance of 0 to 65535 mm."""
    high, low = distance_mm.to_bytes(2, "big")
    return bytes([HEAD, high, low, (HEAD + high + low) & 0xFF])
