"""A device on a real socket: only the answer with the question's number, and nothing for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from agent.drivers.modbus import Question
from agent.drivers.modbus_tcp import MAX_STRAYS, TcpMaster, frame_of, parse
from agent.drivers.resolver import Resolver
from agent.errors import DeviceRefused, DeviceSilent, FrameError

QUESTION = Question(unit=1, function=4, first=0, count=2)
ANSWER = bytes.fromhex("01 04 04 43 66 33 34")  # Eastron SDM320Y manual, 230.2 V, without its CRC

Device = Callable[[bytes], bytes]


@asynccontextmanager
async def device(answer: Device | None) -> AsyncIterator[TcpMaster]:
    """A device that answers each request with these bytes and closes, or only listens."""
    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            asked = await reader.readexactly(12)
            writer.write(answer(asked) if answer else b"")
            if answer is None:
                await reader.read()
            writer.close()
            await writer.wait_closed()

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.get_running_loop().create_task(talk(reader, writer)))

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield TcpMaster("127.0.0.1", port, resolver=Resolver())
    await asyncio.gather(*talks)


def head(asked: bytes, length: int, *, number: int | None = None) -> bytes:
    numbered = asked[:2] if number is None else number.to_bytes(2)
    return numbered + b"\0\0" + length.to_bytes(2)


def test_the_question_is_framed_as_the_guide_says() -> None:
    assert frame_of(QUESTION, 0x1501).hex(" ") == "15 01 00 00 00 06 01 04 00 00 00 02"


async def test_the_answer_with_the_questions_number_is_taken() -> None:
    async with device(lambda asked: head(asked, 7) + ANSWER) as master:
        assert await master.ask(QUESTION, timeout_ms=5_000) == (0x4366, 0x3334)


async def test_an_older_answer_is_passed_over() -> None:
    late = bytes.fromhex("01 04 04 00 00 00 00")

    def answer(asked: bytes) -> bytes:
        return head(asked, 7, number=0xFFF0) + late + head(asked, 7) + ANSWER

    async with device(answer) as master:
        assert await master.ask(QUESTION, timeout_ms=5_000) == (0x4366, 0x3334)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (lambda _: b"", DeviceSilent, "closed the connection"),
        (lambda asked: head(asked, 7) + ANSWER[:4], DeviceSilent, "closed the connection"),
        (lambda asked: head(asked, 3) + b"\x01\x84\x0b", DeviceRefused, "target does not answer"),
        (lambda asked: head(asked, 7) + b"\x02" + ANSWER[1:], FrameError, "of unit 1"),
        (lambda asked: head(asked, 5) + b"\x01\x04\x02\x43\x66", FrameError, "of unit 1"),
        (lambda asked: head(asked, 0), FrameError, "not Modbus TCP"),
        (lambda asked: head(asked, 0xFFFF), FrameError, "not Modbus TCP"),
        (lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", FrameError, "not Modbus TCP"),
        (lambda asked: (head(asked, 7, number=9) + ANSWER) * MAX_STRAYS, FrameError, "answers"),
    ],
)
async def test_anything_else_is_an_error_in_words(
    answer: Device, error: type[Exception], words: str
) -> None:
    async with device(answer) as master:
        with pytest.raises(error, match=words):
            await master.ask(QUESTION, timeout_ms=5_000)


async def test_a_port_where_nobody_listens_is_named() -> None:
    async with device(lambda _: b"") as master:
        pass
    with pytest.raises(DeviceSilent, match="refused"):
        await master.ask(QUESTION, timeout_ms=5_000)


async def test_a_device_that_says_nothing_is_left_at_its_deadline() -> None:
    async with device(None) as master:
        with pytest.raises(DeviceSilent, match="gave no answer within 50 ms"):
            await master.ask(QUESTION, timeout_ms=50)


def test_bits_are_counted_from_the_lowest() -> None:
    coils = Question(unit=1, function=1, first=0, count=8)
    assert parse(bytes.fromhex("01 01 01 05"), coils) == (1, 0, 1, 0, 0, 0, 0, 0)
