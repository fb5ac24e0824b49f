import tomllib
from pathlib import Path

import pytest

from agent.clock import FakeClock
from agent.drivers import a02yyuw, maxbotix
from agent.drivers.driver import Observation
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.place import SerialPlace
from agent.errors import DeviceSilent, FrameError
from agent.line import FakePort
from contract.identity import AssetId
from contract.serial_devices import A02yyuw, Maxbotix

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames"
SENSORS = {
    "a02yyuw": (a02yyuw.frames, a02yyuw.parse),
    "maxbotix": (maxbotix.frames, lambda one: maxbotix.parse(one, near_mm=300, far_mm=5_000)),
}
ASSET = AssetId("TPS-01")


def vectors(kind: str) -> list[tuple[str, dict[str, object]]]:
    return [
        (sensor, vector)
        for sensor in SENSORS
        for vector in tomllib.loads((FRAMES / f"{sensor}.toml").read_text())[kind]
    ]


def said(sensor: str, heard: bytes) -> list[float]:
    frames, parse = SENSORS[sensor]
    values = []
    for frame in frames(heard):
        try:
            values.append(parse(frame).value)
        except FrameError:
            continue
    return values


@pytest.mark.parametrize(("sensor", "vector"), vectors("good"))
def test_a_recorded_frame_is_its_distance(sensor: str, vector: dict[str, object]) -> None:
    values = vector["values"]
    assert isinstance(values, dict)
    assert said(sensor, bytes.fromhex(str(vector["reply"]))) == [values["distance"]]


@pytest.mark.parametrize(("sensor", "vector"), vectors("bad"))
def test_a_recorded_bad_frame_is_no_distance(sensor: str, vector: dict[str, object]) -> None:
    assert said(sensor, bytes.fromhex(str(vector["reply"]))) == []


@pytest.mark.parametrize(("sensor", "vector"), vectors("stream"))
def test_running_bytes_give_their_distances(sensor: str, vector: dict[str, object]) -> None:
    assert said(sensor, bytes.fromhex(str(vector["bytes"]))) == vector["distances"]


def test_the_ends_of_a_maxbotix_range_are_suspect() -> None:
    suspects = [
        maxbotix.parse(b"R%04d\r" % mm, near_mm=300, far_mm=5_000).suspect
        for mm in (300, 301, 4_999, 5_000)
    ]
    assert suspects == [True, False, False, True]


class Line:
    """A sensor's line on a fake clock."""

    def __init__(self, settings: A02yyuw | Maxbotix) -> None:
        self.clock = FakeClock()
        self.port = FakePort(self.clock)
        master = RtuMaster(self.port, baud=9_600, clock=self.clock)
        place = SerialPlace(port=self.port, master=master, clock=self.clock)
        module = maxbotix if isinstance(settings, Maxbotix) else a02yyuw
        self.driver = module.build(settings, place)

    def speak(self, *frames: tuple[int, str]) -> None:
        for after_ms, frame in frames:
            self.port.speak(after_ms, bytes.fromhex(frame))


def sensor_line() -> Line:
    return Line(A02yyuw(asset=ASSET))


async def test_a_distance_counts_when_the_next_frame_agrees_and_old_frames_do_not() -> None:
    line = sensor_line()
    line.speak((100, "FF 07 A1 A7"), (10_050, "FF 04"), (10_054, "B0 B3"), (10_150, "FF 04 B1 B4"))
    line.clock.now_ms += 10_000
    assert await line.driver.read() == (Observation(quantity="distance", value=1_201.0),)


async def test_one_wrong_byte_that_passes_the_sum_is_no_distance() -> None:
    line = sensor_line()
    line.speak((10, "FF 00 64 63"), (110, "FF 04 B0 B3"), (210, "FF 04 B0 B3"))
    assert (await line.driver.read())[0].value == 1_200.0


async def test_distances_that_never_agree_are_said_in_words() -> None:
    line = sensor_line()
    line.speak((10, "FF 04 B0 B3"), (110, "FF 07 A1 A7"), (210, "FF 00 1E 1D"))
    with pytest.raises(FrameError, match="no two distances in a row agree: 1200, 1953, 30 mm"):
        await line.driver.read()


async def test_a_sensor_that_sees_nothing_says_so() -> None:
    line = sensor_line()
    line.speak((10, "FF FF FD FB"), (110, "FF FF FD FB"))
    with pytest.raises(FrameError, match="sees no object"):
        await line.driver.read()


async def test_a_sensor_that_says_nothing_is_silent_at_the_deadline() -> None:
    line = sensor_line()
    before_ms = line.clock.boot_ms()
    with pytest.raises(DeviceSilent, match="said nothing within 1000 ms"):
        await line.driver.read()
    assert line.clock.boot_ms() == before_ms + 1_000


async def test_endless_noise_ends_at_the_deadline_with_its_bytes() -> None:
    line = sensor_line()
    line.speak(*((after_ms, "55 00") for after_ms in range(3_000)))
    with pytest.raises(FrameError, match="no whole frame in 256 bytes: 55 00"):
        await line.driver.read()


async def test_a_maxbotix_is_read_the_same_way() -> None:
    line = Line(Maxbotix(asset=ASSET))
    line.speak((10, "34 38 30 0D 52 30 34"), (160, "38 30 0D"), (310, "52 30 34 38 31 0D"))
    assert await line.driver.read() == (Observation(quantity="distance", value=481.0),)
