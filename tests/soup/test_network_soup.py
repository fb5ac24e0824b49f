"""Modbus TCP, RTSP and ChirpStack in a soup of spoiled messages: no crash, no end, no wrong owner.

TCP and LoRaWAN carry the checksums here; what is left to these parsers is to know whose answer
it is, and to take any bytes.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest

from agent.drivers import rtsp_camera
from agent.drivers.chirpstack import parse_uplink
from agent.drivers.modbus import Question
from agent.drivers.modbus_tcp import MAX_LEN, receive_answer
from agent.errors import DeviceError, FrameError
from tests.agent.drivers.test_lorawan import UP
from tests.soup.spoil import SPOILS, whole

FRAMES, NIGHTLY_FRAMES = 20_000, 1_000_000
QUESTION = Question(unit=1, first=0, count=10)
NUMBER = 0x1501
COUNTS = pytest.mark.parametrize(
    "count", [FRAMES, pytest.param(NIGHTLY_FRAMES, marks=pytest.mark.nightly)]
)
Words = tuple[int, ...]
Ask = Callable[[asyncio.StreamReader], Awaitable[Words]]


def stream(heard: bytes, *, limit: int = MAX_LEN) -> asyncio.StreamReader:
    """What a device sent before it closed the connection."""
    reader = asyncio.StreamReader(limit=limit)
    reader.feed_data(heard)
    reader.feed_eof()
    return reader


def answer(words: Words, *, number: int = NUMBER, unit: int = 1) -> bytes:
    data = b"".join(word.to_bytes(2) for word in words)
    body = bytes((unit, 4, len(data))) + data
    return number.to_bytes(2) + b"\0\0" + len(body).to_bytes(2) + body


def words(chance: random.Random) -> Words:
    return tuple(chance.randrange(0x10000) for _ in range(10))


def whole_answers(count: int, seed: int) -> Iterator[tuple[bytes, Words | None]]:
    """Late ones, a stranger's and ours, joined; cut at any byte; and what may be read of it."""
    chance = random.Random(seed)
    for _ in range(count):
        ours, heard = words(chance), b""
        for _ in range(chance.randint(0, 4)):
            number = (NUMBER - chance.randint(1, 200)) & 0xFFFF
            heard += answer(words(chance), number=number, unit=chance.choice((1, 1, 2)))
        heard += answer(ours) if chance.random() < 0.8 else b""
        if chance.random() < 0.3:
            heard = heard[: chance.randrange(len(heard) + 1)]
        yield heard, ours


async def ours(reader: asyncio.StreamReader) -> Words:
    return await receive_answer(reader, QUESTION, NUMBER)


async def anybodys(reader: asyncio.StreamReader) -> Words:
    """A master that does not look at the number."""
    head = await reader.readexactly(6)
    body = await reader.readexactly(int.from_bytes(head[4:6]))
    return QUESTION.values(body[3:])


async def wrong_answers(ask: Ask, count: int) -> int:
    wrong = 0
    for heard, right in whole_answers(count, 7472):
        try:
            wrong += await ask(stream(heard)) != right
        except (DeviceError, asyncio.IncompleteReadError):
            continue
    return wrong


@COUNTS
async def test_no_late_or_foreign_answer_is_read_over_modbus_tcp(count: int) -> None:
    assert await wrong_answers(ours, count) == 0


async def test_a_master_that_ignores_the_number_would_be_found_out() -> None:
    assert await wrong_answers(anybodys, 2_000) > 500


@COUNTS
async def test_no_bytes_make_a_modbus_tcp_master_crash(count: int) -> None:
    chance = random.Random(7472)
    for _ in range(count):
        heard = chance.choice(SPOILS)(answer(words(chance)), chance) + chance.randbytes(4)
        try:
            assert len(await ours(stream(heard))) == QUESTION.count
        except (DeviceError, asyncio.IncompleteReadError):
            continue


SDP = b"v=0\r\ns=Session\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
LOGIN = b'Digest realm="IP Camera", nonce="6fd5a1f1f0c04ac2"'
REPLIES = (
    b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Type: application/sdp\r\nContent-Length: "
    + str(len(SDP)).encode()
    + b"\r\n\r\n"
    + SDP,
    b"RTSP/1.0 401 Unauthorized\r\nCSeq: %d\r\nWWW-Authenticate: " + LOGIN + b"\r\n\r\n",
    b"RTSP/1.0 404 Stream Not Found\r\nCSeq: %d\r\n\r\n",
    b"RTSP/1.0 302 Moved\r\nCSeq: %d\r\nLocation: rtsp://a:b@[::1/x\r\n\r\n",
    b"RTSP/1.0 100 Continue\r\nCSeq: %d\r\n\r\n",
)


@COUNTS
async def test_no_bytes_make_an_rtsp_client_crash(count: int) -> None:
    chance = random.Random(7472)
    for _ in range(count):
        heard = b"".join(
            chance.choice(SPOILS)(chance.choice(REPLIES) % chance.randint(1, 2), chance)
            for _ in range(chance.randint(1, 3))
        )
        try:
            head, body = await rtsp_camera.receive(
                stream(heard, limit=rtsp_camera.MAX_REPLY), cseq=1
            )
            rtsp_camera.observe(head, body)
        except DeviceError:
            continue


async def test_an_answer_to_another_rtsp_request_is_never_taken() -> None:
    chance = random.Random(7472)
    for _ in range(FRAMES // 4):
        heard = whole(chance.choice(REPLIES) % chance.randint(2, 9_999), chance)
        with pytest.raises(FrameError, match="an answer to CSeq"):
            await rtsp_camera.receive(stream(heard, limit=rtsp_camera.MAX_REPLY), cseq=1)


@COUNTS
def test_no_message_makes_the_reader_of_uplinks_crash(count: int) -> None:
    chance = random.Random(7472)
    for _ in range(count):
        heard = chance.choice(SPOILS)(UP, chance)
        try:
            uplink = parse_uplink(heard, at_ms=0)
        except FrameError:
            continue
        assert len(uplink.dev_eui) == 16
        assert len(uplink.data) <= 255
