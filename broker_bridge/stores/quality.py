"""Both qualities of a reading in one integer: bit 0 is `suspect`, above it the time quality."""

from typing import Literal

from contract.messages import TimeQuality

SUSPECT = 1
EXACT, REPAIRED, ESTIMATED = 0, 1, 2

_TIME_QUALITIES: tuple[TimeQuality, ...] = ("exact", "repaired", "estimated")


def quality_word(quality: int) -> Literal["good", "suspect"]:
    """Whether the value is believed."""
    return "suspect" if quality & SUSPECT else "good"


def time_quality_word(quality: int) -> TimeQuality:
    """How the instant is known."""
    return _TIME_QUALITIES[quality >> 1]
