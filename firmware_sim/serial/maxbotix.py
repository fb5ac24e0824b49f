"""A MaxBotix HRXL-WR sends `R` and four digits of millimetres by itself (MB73xx data sheet)."""

from collections.abc import Callable

from firmware_sim.answers import Reply
from firmware_sim.faults import Voice
from firmware_sim.serial.settings import MaxbotixSettings

NEAREST_MM, FARTHEST_MM = 300, 5_000


class Maxbotix:
    """One sensor over the bin it looks into; it says nothing nearer or farther than its range."""

    device = MaxbotixSettings.DEVICE

    def __init__(
        self, settings: MaxbotixSettings, *, distance: Callable[[float], int], voice: Voice
    ) -> None:
        self.asset = settings.asset
        self.interval_s = settings.interval_ms / 1000
        self.voice = voice
        self._distance = distance

    def frame(self, now_s: float) -> Reply:
        """The frame it sends now."""
        distance_mm = max(NEAREST_MM, min(FARTHEST_MM, self._distance(now_s)))
        return Reply(frame=encode(distance_mm), values={"distance": distance_mm})


def encode(distance_mm: int) -> bytes:
    """The six bytes for a distance of 0 to 9999 mm."""
    return b"R%04d\r" % distance_mm
