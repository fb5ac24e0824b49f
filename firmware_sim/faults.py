"""What a healthy reply turns into on a bad line, the same for the same seed."""

import random
from dataclasses import dataclass
from typing import Literal

from firmware_sim.settings import FaultSettings

Fault = Literal["lose", "flip", "stray", "half", "late"]
FAULTS: tuple[Fault, ...] = ("lose", "flip", "stray", "half", "late")


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What goes on the wire, `delay_s` later than usual; an empty frame is nothing at all."""

    frame: bytes
    delay_s: float
    fault: Fault | None


class Voice:
    """How one device speaks: at most one fault per answer, drawn from its own seed."""

    def __init__(self, faults: FaultSettings, *, seed: str) -> None:
        self.silent = False
        self._faults = faults
        self._random = random.Random(seed)

    def utter(self, frame: bytes) -> Utterance:
        """The frame as it will leave."""
        fault = self._draw()
        delay_s = self._faults.late_ms / 1000 if fault == "late" else 0.0
        return Utterance(frame=self._spoil(frame, fault), delay_s=delay_s, fault=fault)

    def _draw(self) -> Fault | None:
        point = self._random.random()
        for fault in FAULTS:
            chance: float = getattr(self._faults, fault)
            if point < chance:
                return fault
            point -= chance
        return None

    def _spoil(self, frame: bytes, fault: Fault | None) -> bytes:
        match fault:
            case "lose":
                return b""
            case "flip":
                return flip(frame, self._random.randrange(len(frame) * 8))
            case "stray":
                return bytes([self._random.randrange(256)]) + frame
            case "half":
                return frame[: len(frame) // 2]
            case _:
                return frame


def flip(frame: bytes, bit: int) -> bytes:
    """`frame` with one bit turned over, counted from the first byte's lowest."""
    spoiled = bytearray(frame)
    spoiled[bit // 8] ^= 1 << (bit % 8)
    return bytes(spoiled)
