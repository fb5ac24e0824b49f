"""Bytes on a serial line take the time a real wire takes."""

from dataclasses import dataclass
from typing import Protocol

BITS_PER_BYTE = 10  # 8N1: start, eight data, stop


class Port(Protocol):
    """One end of a serial port."""

    async def read(self) -> bytes:
        """At least one byte."""

    def write(self, data: bytes) -> bool:
        """Whether all of `data` was taken; never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long bytes take at `baud`; nothing at all when `paced` is False."""

    baud: int
    paced: bool = True

    def wire_s(self, length: int) -> float:
        """Seconds that `length` bytes spend on the wire."""
        return length * BITS_PER_BYTE / self.baud if self.paced else 0.0

    def wait_s(self, duration_s: float) -> float:
        """`duration_s` if this line is paced, else 0."""
        return duration_s if self.paced else 0.0
