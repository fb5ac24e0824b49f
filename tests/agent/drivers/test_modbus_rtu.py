from collections.abc import Callable, Iterable

import pytest

from agent.clock import FakeClock
from agent.drivers.modbus import Question
from agent.drivers.modbus_rtu import (
    MAX_REPLY_LATENCY_MS,
    RtuMaster,
    crc16,
    find_answer,
    frame_of,
    t3_5_ms,
)
from agent.errors import DeviceRefused, DeviceSilent, FrameError
from agent.line import FakePort

ASKED = bytes.fromhex("01 04 00 00 00 0A 70 0D")
ANSWER = bytes.fromhex("01 04 14 08 FD 01 B3 00 00 03 DB 00 00 30 39 00 00 01 F4 00 62 00 00 F4 F6")
REGISTERS = (2301, 435, 0, 987, 0, 12345, 0, 500, 98, 0)
OTHER_ANSWER = bytes.fromhex("01 04 14 08 98 01 B3 00 00 03 DB 00 00 30 39 00 00 01 F4 00 62 00 00")
OTHER_ANSWER += crc16(OTHER_ANSWER)
QUESTION = Question(unit=1, first=0, count=10)

Peer = Callable[[bytes], Iterable[tuple[int, bytes]]]


def line(peer: Peer) -> tuple[RtuMaster, FakePort, FakeClock]:
    clock = FakeClock()
    port = FakePort(clock, peer)
    return RtuMaster(port, baud=9600, clock=clock), port, clock


def test_a_question_is_the_bytes_of_the_manual() -> None:
    assert frame_of(QUESTION) == ASKED
    assert frame_of(Question(unit=0xF8, first=0, count=10)).hex(" ") == "f8 04 00 00 00 0a 64 64"
    assert frame_of(Question(unit=1, first=0, count=2)).hex(" ") == "01 04 00 00 00 02 71 cb"


def test_the_silence_between_frames_is_that_of_the_specification() -> None:
    assert (t3_5_ms(9600), t3_5_ms(1200), t3_5_ms(115200)) == (5, 33, 2)


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\x00",
        b"\x00\xff",
        b"\x01",
        b"\x01\x04",
        b"\x01\x04\x14",
        ASKED,
        ANSWER[:12],
        bytes.fromhex("02 04 04 43 66 33 34 1b 0b"),
        bytes.fromhex("01 84 02 c2 c0"),
    ],
)
@pytest.mark.parametrize("after", [b"", b"\x00", ASKED])
def test_an_answer_is_found_among_stray_bytes_echoes_and_foreign_frames(
    before: bytes, after: bytes
) -> None:
    assert find_answer(before + ANSWER + after, QUESTION) == REGISTERS


@pytest.mark.parametrize("bit", range(8 * len(ANSWER)))
def test_a_flipped_bit_is_never_an_answer(bit: int) -> None:
    spoiled = bytearray(ANSWER)
    spoiled[bit // 8] ^= 1 << bit % 8
    assert find_answer(bytes(spoiled), QUESTION) is None


def test_an_answer_to_another_count_is_not_this_answer() -> None:
    two_registers = bytes.fromhex("01 04 04 43 66 33 34 1B 38")
    assert find_answer(two_registers, QUESTION) is None
    assert find_answer(two_registers, Question(unit=1, first=0, count=2)) == (0x4366, 0x3334)


def test_a_refusal_is_named_in_words() -> None:
    with pytest.raises(DeviceRefused, match="unit 1 refuses: illegal data address"):
        find_answer(bytes.fromhex("01 84 02 C2 C1"), QUESTION)


async def test_an_answer_in_pieces_is_put_together() -> None:
    master, _, _ = line(lambda _: [(30, ANSWER[:7]), (80, ANSWER[7:8]), (90, ANSWER[8:])])
    assert await master.ask(QUESTION, timeout_ms=300) == REGISTERS


async def test_silence_is_named_and_ends_at_the_deadline() -> None:
    master, _, clock = line(lambda _: [])
    before_ms = clock.boot_ms()
    with pytest.raises(DeviceSilent, match="unit 1 gave no answer within 300 ms"):
        await master.ask(QUESTION, timeout_ms=300)
    assert clock.boot_ms() - before_ms <= 300 + 40 + 5


async def test_an_echo_alone_is_silence() -> None:
    master, _, _ = line(lambda asked: [(9, asked)])
    with pytest.raises(DeviceSilent, match="only the question's echo"):
        await master.ask(QUESTION, timeout_ms=300)


async def test_half_an_answer_shows_its_bytes() -> None:
    master, _, _ = line(lambda _: [(20, ANSWER[:4])])
    with pytest.raises(FrameError, match=r"in 4 bytes: 01 04 14 08$"):
        await master.ask(QUESTION, timeout_ms=300)


async def test_a_late_answer_is_never_taken_for_the_next_one() -> None:
    answers = iter([[(400, OTHER_ANSWER)], [(50, ANSWER)]])
    master, port, _ = line(lambda _: next(answers))
    with pytest.raises(DeviceSilent):
        await master.ask(QUESTION, timeout_ms=300)
    assert await master.ask(QUESTION, timeout_ms=300) == REGISTERS
    (first_ms, _), (second_ms, _) = port.written
    assert second_ms - first_ms >= MAX_REPLY_LATENCY_MS


async def test_questions_keep_the_silence_between_frames() -> None:
    master, port, clock = line(lambda _: [(50, ANSWER)])
    await master.ask(QUESTION, timeout_ms=300)
    answered_ms = clock.boot_ms()
    port.speak(3, b"\x00")
    await master.ask(QUESTION, timeout_ms=300)
    assert port.written[1][0] == answered_ms + 3 + t3_5_ms(9600)


async def test_a_line_that_never_falls_silent_is_named() -> None:
    master, port, _ = line(lambda _: [])
    for after_ms in range(0, 20_000, 2):
        port.speak(after_ms, b"\x55")
    with pytest.raises(FrameError, match="never silent"):
        await master.ask(QUESTION, timeout_ms=300)


async def test_an_answer_behind_endless_noise_is_a_frame_error_at_the_deadline() -> None:
    master, _, clock = line(lambda _: [(1 + i, b"\x01\x04\x14" * 40) for i in range(1_000)])
    with pytest.raises(FrameError):
        await master.ask(QUESTION, timeout_ms=300)
    assert clock.boot_ms() < 1_000 + 400
