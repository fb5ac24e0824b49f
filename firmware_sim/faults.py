"""What is broken by name, and what a healthy reply turns into on a bad line."""

import difflib
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from firmware_sim.errors import ControlError
from firmware_sim.key import FaultSettings

Fault = Literal["lose", "flip", "stray", "half", "late"]
FAULTS: tuple[Fault, ...] = ("lose", "flip", "stray", "half", "late")


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What goes on the wire, `delay_s` later than usual; an empty frame is nothing at all."""

    frame: bytes
    delay_s: float
    fault: Fault | None


class NamedFaults:
    """What is broken about one asset now; `name in faults` asks."""

    def __init__(self, asset: str, known: Mapping[str, str], present: Iterable[str] = ()) -> None:
        self._asset = asset
        self._known = known
        self._present = set(present)

    def __contains__(self, name: object) -> bool:
        return name in self._present

    def begin(self, name: str) -> None:
        """From now on it is so; raises ControlError for a fault it cannot have."""
        self._present.add(self._checked(name))

    def end(self, name: str) -> None:
        """It is mended; raises ControlError for a fault it cannot have."""
        self._present.discard(self._checked(name))

    def _checked(self, name: str) -> str:
        if name in self._known:
            return name
        close = difflib.get_close_matches(name, self._known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it can be {', '.join(self._known)}"
        raise ControlError(f"{self._asset} has no fault called {name!r}", hint=hint)


class Voice:
    """How one device speaks: at most one fault per answer, drawn from its own seed."""

    def __init__(
        self,
        faults: FaultSettings,
        *,
        seed: str,
        is_silent: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_silent = is_silent
        self._faults = faults
        self._random = random.Random(seed)

    @property
    def silent(self) -> bool:
        """Whether it says nothing at all now."""
        return self._is_silent()

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
