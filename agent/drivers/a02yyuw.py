"""An ultrasonic sensor that speaks by itself: `FF H L SUM`, millimetres (DFRobot SEN0311 wiki)."""

from agent.clock import Clock
from agent.drivers.driver import Driver, Observation
from agent.drivers.place import SerialPlace
from agent.errors import DeviceSilent, FrameError
from agent.line import Port
from contract.serial_devices import A02yyuw

HEAD = 0xFF
FRAME_LEN = 4
MAX_BUFFER = 256
NO_OBJECT, INTERFERENCE = 0xFFFD, 0xFFFE  # DFRobot SEN0754 wiki
SENTINELS = {
    NO_OBJECT: "sees no object",
    INTERFERENCE: "is disturbed by another ultrasonic sensor",
}


class A02yyuwDriver:
    """The one sensor of its line."""

    def __init__(self, port: Port, *, timeout_ms: int, clock: Clock) -> None:
        self._port = port
        self._timeout_ms = timeout_ms
        self._clock = clock

    async def read(self) -> tuple[Observation, ...]:
        """The next distance the sensor says; raises DeviceError or LineGone."""
        deadline_ms = self._clock.boot_ms() + self._timeout_ms
        heard = bytearray()
        while (left_ms := deadline_ms - self._clock.boot_ms()) > 0:
            heard += await self._port.receive(left_ms, expect=FRAME_LEN)
            del heard[:-MAX_BUFFER]
            if find_frame(bytes(heard)) is not None:
                return parse(bytes(heard))
        if not heard:
            raise DeviceSilent(f"the sensor said nothing within {self._timeout_ms} ms")
        return parse(bytes(heard))


def build(settings: A02yyuw, place: SerialPlace) -> Driver:
    """The driver of the sensor on the line."""
    return A02yyuwDriver(place.port, timeout_ms=settings.timeout_ms, clock=place.clock)


def parse(heard: bytes) -> tuple[Observation, ...]:
    """The distance in the first whole frame; raises FrameError if there is none or it is a code."""
    frame = find_frame(heard)
    if frame is None:
        raise FrameError(f"no whole frame in {len(heard)} bytes: {heard[:40].hex(' ')}")
    distance_mm = int.from_bytes(frame[1:3])
    if frame[1] == HEAD:  # 65 m and more is a code, never a distance
        raise FrameError(
            f"the sensor {SENTINELS.get(distance_mm, 'reports an unknown code')}: {frame.hex(' ')}"
        )
    return (Observation(quantity="distance", value=float(distance_mm)),)


def find_frame(heard: bytes) -> bytes | None:
    """The first four bytes that are a frame; a bad sum costs one byte, for H itself can be FF."""
    for at in range(len(heard) - FRAME_LEN + 1):
        frame = heard[at : at + FRAME_LEN]
        if frame[0] == HEAD and sum(frame[:3]) & 0xFF == frame[3]:
            return frame
    return None
