"""Serial parsers and drivers in a soup of spoiled frames: no crash, no wrong value, no hang."""

import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from agent.clock import FakeClock
from agent.drivers import a02yyuw, maxbotix
from agent.drivers.modbus import Question
from agent.drivers.modbus_rtu import RtuMaster, crc16, find_answer, frame_of
from agent.drivers.speaking_sensor import SpeakingSensorDriver, agree, agreement
from agent.errors import DeviceError, DeviceRefused
from agent.line import FakePort
from tests.soup.spoil import SPOILS, Spoil, cut, flipped, stray_around, whole

FRAMES, NIGHTLY_FRAMES = 20_000, 1_000_000
POLLS, NIGHTLY_POLLS = 200, 5_000
QUESTION = Question(unit=1, first=0, count=10)
SLACK_MS = 3_000  # after a failure the line is left silent until no late reply can come

COUNTS = pytest.mark.parametrize(
    "count", [FRAMES, pytest.param(NIGHTLY_FRAMES, marks=pytest.mark.nightly)]
)
SEEN_BY_A_CRC = (whole, flipped, cut, stray_around)

Registers = tuple[int, ...]
Find = Callable[[bytes, Question], Registers | None]


def reply(registers: Registers, *, unit: int = 1) -> bytes:
    data = b"".join(word.to_bytes(2) for word in registers)
    body = bytes([unit, 4, len(data)]) + data
    return body + crc16(body)


def words(chance: random.Random, count: int = 10) -> Registers:
    return tuple(chance.randrange(0x10000) for _ in range(count))


def rtu_soup(count: int, seed: int, spoils: Sequence[Spoil]) -> Iterator[tuple[bytes, Registers]]:
    """What is heard after a question, and the only registers that may be read in it."""
    chance = random.Random(seed)
    for _ in range(count):
        answer = words(chance)
        heard = chance.choice(spoils)(reply(answer), chance)
        if chance.random() < 0.2:
            heard = frame_of(QUESTION) + heard
        if chance.random() < 0.2:
            heard = reply(words(chance), unit=2) + heard
        if chance.random() < 0.1:
            heard = reply(words(chance, 2)) + heard  # late, to another question
        yield heard, answer


def wrong_registers(find: Find, count: int, spoils: Sequence[Spoil], seed: int = 7472) -> int:
    wrong = 0
    for heard, answer in rtu_soup(count, seed, spoils):
        try:
            registers = find(heard, QUESTION)
        except DeviceRefused:
            wrong += 1
            continue
        wrong += registers not in (None, answer)
    return wrong


def without_crc(heard: bytes, question: Question) -> Registers | None:
    """A parser that forgot the check."""
    at = heard.find(bytes([question.unit, question.function, question.data_len]))
    data = heard[at + 3 : at + 3 + question.data_len]
    whole_one = at >= 0 and len(data) == question.data_len
    return question.values(data) if whole_one else None


@COUNTS
def test_what_a_crc_can_see_is_never_a_register(count: int) -> None:
    """Up to three bits turned over, cut, joined, echoed, late, foreign, and bytes around it."""
    assert wrong_registers(find_answer, count, SEEN_BY_A_CRC) == 0


@COUNTS
def test_of_frames_with_shifted_bytes_only_the_crcs_own_share_is_wrong(count: int) -> None:
    """A byte too many or too few makes any bytes of the rest: one in 65,536 has a right CRC."""
    shifted = [one for one in SPOILS if one not in SEEN_BY_A_CRC]
    assert wrong_registers(find_answer, count, shifted) <= 1 + 2 * count / 65_536


def test_a_parser_without_its_crc_would_be_found_out() -> None:
    assert wrong_registers(without_crc, FRAMES, SEEN_BY_A_CRC) > 1_000


Sensor = tuple[Callable[[bytes], list[bytes]], Callable[[bytes], object], Callable[[int], bytes]]


def a02_frame(mm: int) -> bytes:
    high, low = mm.to_bytes(2)
    return bytes([0xFF, high, low, (0xFF + high + low) & 0xFF])


def a02_soup(count: int, seed: int) -> Iterator[tuple[bytes, int]]:
    """Six frames of one distance each time, each spoiled in its own way."""
    chance = random.Random(seed)
    for _ in range(count // 6):
        mm = chance.randint(30, 4_500)
        frames = (
            chance.choice(SPOILS)(a02_frame(mm + chance.randint(-4, 4)), chance) for _ in range(6)
        )
        yield b"".join(frames), mm


def wrong_distances(count: int, seed: int = 7472, *, agreeing: bool = True) -> int:
    wrong = 0
    for heard, mm in a02_soup(count, seed):
        if agreeing:
            seen = agreement(heard, a02yyuw.frames, a02yyuw.parse)
            values = [seen.value] if seen else []
        else:
            values = [int.from_bytes(one[1:3]) for one in a02yyuw.frames(heard) if one[1] != 0xFF]
        wrong += any(not agree(value, float(mm)) for value in values)
    return wrong


def test_no_wrong_distance_is_read_in_a_soup_of_a02yyuw_frames() -> None:
    assert wrong_distances(FRAMES) == 0


def test_a_sensor_believed_at_its_first_frame_would_be_found_out() -> None:
    assert wrong_distances(FRAMES, agreeing=False) > 10


@pytest.mark.nightly
def test_of_a_million_a02yyuw_frames_hardly_any_pair_lies() -> None:
    """Only two in a row that are wrong alike, within 20 mm, can pass."""
    assert wrong_distances(NIGHTLY_FRAMES) <= 3


@COUNTS
def test_a_maxbotix_parser_survives_any_bytes(count: int) -> None:
    chance = random.Random(7472)
    for _ in range(count):
        heard = chance.choice(SPOILS)(b"R%04d\r" % chance.randrange(10_000), chance)
        for frame in maxbotix.frames(heard + b"R0480\r"):
            assert 0 <= maxbotix.parse(frame, near_mm=300, far_mm=5_000).value <= 9_999


class SpoiledMeter:
    """Answers on a fake line, spoiled, late, or not at all, until it is healed."""

    def __init__(self, seed: int) -> None:
        self.healthy = False
        self.answer: Registers = ()
        self._chance = random.Random(seed)

    def __call__(self, _: bytes) -> Iterator[tuple[int, bytes]]:
        self.answer = words(self._chance)
        frame = reply(self.answer)
        if self.healthy:
            yield 20, frame
        elif self._chance.random() < 0.8:
            delay_ms = self._chance.choice((20, 20, 20, 600, 990))
            yield delay_ms, self._chance.choice(SPOILS)(frame, self._chance)


@pytest.mark.parametrize("polls", [POLLS, pytest.param(NIGHTLY_POLLS, marks=pytest.mark.nightly)])
async def test_a_master_on_a_bad_line_never_hangs_and_recovers_with_the_first_good_answer(
    polls: int,
) -> None:
    clock, meter = FakeClock(), SpoiledMeter(7472)
    master = RtuMaster(FakePort(clock, meter), baud=9_600, clock=clock)
    for poll in range(polls):
        meter.healthy = poll % 10 == 9
        began_ms = clock.boot_ms()
        try:
            registers = await master.ask(QUESTION, timeout_ms=300)
        except DeviceError:
            assert not meter.healthy, f"poll {poll}"
        else:
            assert registers == meter.answer, f"poll {poll}"
        assert clock.boot_ms() - began_ms <= SLACK_MS
        clock.now_ms += 10_000


@pytest.mark.parametrize("polls", [POLLS, pytest.param(NIGHTLY_POLLS, marks=pytest.mark.nightly)])
async def test_a_sensor_on_a_bad_line_never_hangs_and_recovers_at_once(polls: int) -> None:
    clock, chance = FakeClock(), random.Random(7472)
    for poll in range(polls):
        port, healthy, mm = FakePort(clock), poll % 10 == 9, chance.randint(30, 4_500)
        for after_ms in range(10, 1_000, 100):
            spoil = whole if healthy else chance.choice(SPOILS)
            port.speak(after_ms, spoil(a02_frame(mm), chance))
        driver = SpeakingSensorDriver(
            port, frames=a02yyuw.frames, parse=a02yyuw.parse, frame_len=4, timeout_ms=1_000,
            clock=clock,
        )  # fmt: skip
        began_ms = clock.boot_ms()
        try:
            assert agree((await driver.read())[0].value, mm), f"poll {poll}"
        except DeviceError:
            assert not healthy, f"poll {poll}"
        assert clock.boot_ms() - began_ms <= 1_000
