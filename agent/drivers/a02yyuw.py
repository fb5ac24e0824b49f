"""An ultrasonic sensor that speaks by itself: `FF H L SUM`, millimetres (DFRobot SEN0311 wiki)."""

from agent.drivers.driver import Driver, Observation
from agent.drivers.place import SerialPlace
from agent.drivers.speaking_sensor import SpeakingSensorDriver
from agent.errors import FrameError
from contract.serial_devices import A02yyuw

HEAD = 0xFF
FRAME_LEN = 4
NO_OBJECT, INTERFERENCE = 0xFFFD, 0xFFFE  # DFRobot SEN0754 wiki
SENTINELS = {
    NO_OBJECT: "sees no object",
    INTERFERENCE: "is disturbed by another ultrasonic sensor",
}


def build(settings: A02yyuw, place: SerialPlace) -> Driver:
    """The driver of the sensor on the line."""
    return SpeakingSensorDriver(
        place.port,
        frames=frames,
        parse=parse,
        frame_len=FRAME_LEN,
        timeout_ms=settings.timeout_ms,
        clock=place.clock,
    )


def parse(frame: bytes) -> Observation:
    """The distance in one whole frame; raises FrameError if it is a code."""
    distance_mm = int.from_bytes(frame[1:3])
    if frame[1] == HEAD:  # 65 m and more is a code, never a distance
        raise FrameError(
            f"the sensor {SENTINELS.get(distance_mm, 'reports an unknown code')}: {frame.hex(' ')}"
        )
    return Observation(quantity="distance", value=float(distance_mm))


def frames(heard: bytes) -> list[bytes]:
    """The whole frames, in order; a bad sum costs one byte, for H itself can be FF."""
    found, at = [], heard.find(HEAD)
    while 0 <= at <= len(heard) - FRAME_LEN:
        frame = heard[at : at + FRAME_LEN]
        whole = sum(frame[:3]) & 0xFF == frame[3]
        if whole:
            found.append(frame)
        at = heard.find(HEAD, at + (FRAME_LEN if whole else 1))
    return found
