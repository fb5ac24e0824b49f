import pytest

from agent.clock import FakeClock
from agent.drivers.a02yyuw import A02yyuwDriver, parse
from agent.drivers.driver import Observation
from agent.errors import DeviceSilent, FrameError
from agent.line import FakePort


def distance(value: float) -> tuple[Observation, ...]:
    return (Observation(quantity="distance", value=value),)


@pytest.mark.parametrize(
    ("heard", "distance_mm"),
    [
        ("FF 07 A1 A7", 1953),
        ("FF 04 B0 B3", 1200),
        ("FF 00 1E 1D", 30),
        ("FF 00 FF FE", 255),
        ("A1 A7 FF 07 A1 A7", 1953),
        ("FF FF 07 A1 A7", 1953),
        ("FF 07 FF 07 A1 A7", 1953),
        ("FF 07 A1 A8 FF 04 B0 B3", 1200),
        ("FF 07 A1 FF 04 B0 B3", 1200),
        ("00 FF 04 B0 B3 FF 07 A1 A7", 1200),
    ],
)
def test_the_first_whole_frame_is_the_distance(heard: str, distance_mm: float) -> None:
    assert parse(bytes.fromhex(heard)) == distance(distance_mm)


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ("FF FF FD FB", "sees no object: ff ff fd fb"),
        ("FF FF FE FC", "is disturbed by another ultrasonic sensor"),
        ("FF FF FF FD FB", "unknown code"),
        ("FF 07 A1 A8", "no whole frame in 4 bytes: ff 07 a1 a8"),
        ("FF 07 A1", "no whole frame in 3 bytes"),
    ],
)
def test_what_is_no_distance_is_said_in_words(heard: str, words: str) -> None:
    with pytest.raises(FrameError, match=words):
        parse(bytes.fromhex(heard))


@pytest.mark.parametrize("bit", range(32))
def test_a_flipped_bit_is_never_a_distance(bit: int) -> None:
    spoiled = bytearray.fromhex("FF 07 A1 A7")
    spoiled[bit // 8] ^= 1 << bit % 8
    with pytest.raises(FrameError):
        parse(bytes(spoiled))


async def test_a_reading_is_the_next_frame_and_not_an_old_one() -> None:
    clock = FakeClock()
    port = FakePort(clock)
    sensor = A02yyuwDriver(port, timeout_ms=1_000, clock=clock)
    port.speak(100, bytes.fromhex("FF 07 A1 A7"))
    port.speak(10_050, bytes.fromhex("FF 04"))
    port.speak(10_054, bytes.fromhex("B0 B3"))
    clock.now_ms += 10_000
    assert await sensor.read() == distance(1200)


async def test_a_sensor_that_says_nothing_is_silent_at_the_deadline() -> None:
    clock = FakeClock()
    sensor = A02yyuwDriver(FakePort(clock), timeout_ms=1_000, clock=clock)
    before_ms = clock.boot_ms()
    with pytest.raises(DeviceSilent, match="said nothing within 1000 ms"):
        await sensor.read()
    assert clock.boot_ms() == before_ms + 1_000


async def test_endless_noise_ends_at_the_deadline_with_its_bytes() -> None:
    clock = FakeClock()
    port = FakePort(clock)
    for after_ms in range(3_000):
        port.speak(after_ms, b"\x55\x00")
    sensor = A02yyuwDriver(port, timeout_ms=1_000, clock=clock)
    with pytest.raises(FrameError, match="no whole frame in 256 bytes: 55 00"):
        await sensor.read()
