"""A distance sensor that speaks by itself is believed when two of its frames in a row agree.

Its frames carry a weak sum or none: one spoiled frame in 256 passes for a distance, two do not.
"""

from collections.abc import Callable, Sequence

from agent.clock import Clock
from agent.drivers.driver import Observation
from agent.errors import DeviceSilent, FrameError
from agent.line import Port

MAX_BUFFER = 256
AGREE_MM, AGREE_SHARE = 20.0, 0.02  # waste moves slowly; the sensors' noise is a few millimetres

Frames = Callable[[bytes], Sequence[bytes]]
Parse = Callable[[bytes], Observation]


class SpeakingSensorDriver:
    """The one sensor of its line; `frames` finds whole frames, `parse` reads one of them."""

    def __init__(
        self,
        port: Port,
        *,
        frames: Frames,
        parse: Parse,
        frame_len: int,
        timeout_ms: int,
        clock: Clock,
    ) -> None:
        self._port = port
        self._frames = frames
        self._parse = parse
        self._frame_len = frame_len
        self._timeout_ms = timeout_ms
        self._clock = clock

    async def read(self) -> tuple[Observation, ...]:
        """The next distance said twice; raises DeviceError or LineGone."""
        deadline_ms = self._clock.boot_ms() + self._timeout_ms
        heard = bytearray()
        while (left_ms := deadline_ms - self._clock.boot_ms()) > 0:
            heard += await self._port.receive(left_ms, expect=self._frame_len)
            del heard[:-MAX_BUFFER]
            if (agreed := agreement(bytes(heard), self._frames, self._parse)) is not None:
                return (agreed,)
        raise self._in_words(bytes(heard))

    def _in_words(self, heard: bytes) -> DeviceSilent | FrameError:
        frames = self._frames(heard)
        if not heard:
            return DeviceSilent(f"the sensor said nothing within {self._timeout_ms} ms")
        if not frames:
            return FrameError(f"no whole frame in {len(heard)} bytes: {heard[:40].hex(' ')}")
        try:
            said = [f"{self._parse(frame).value:.0f}" for frame in frames[-4:]]
        except FrameError as error:
            return error
        return FrameError(
            f"no two distances in a row agree: {', '.join(said)} mm",
            hint="look for a loose plug, another sensor nearby, or something that moves",
        )


def agreement(heard: bytes, frames: Frames, parse: Parse) -> Observation | None:
    """The later of the first two distances in a row that agree; a frame that is a code is none."""
    before: Observation | None = None
    for frame in frames(heard):
        try:
            now = parse(frame)
        except FrameError:
            before = None
            continue
        if before is not None and agree(before.value, now.value):
            return now
        before = now
    return None


def agree(one_mm: float, other_mm: float) -> bool:
    """Within 20 mm, or 2 %."""
    return abs(one_mm - other_mm) <= max(AGREE_MM, AGREE_SHARE * other_mm)
