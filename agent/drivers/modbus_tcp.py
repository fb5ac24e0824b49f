"""Modbus TCP: one connection a question, and only the answer with its number.

Framing: "MODBUS Messaging on TCP/IP Implementation Guide" V1.0b, 3.1.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import count
from os import strerror

from agent.deadline import Deadline
from agent.drivers.modbus import EXCEPTION, Question
from agent.drivers.resolver import Resolver
from agent.errors import DeviceSilent, FrameError

HEAD_LEN = 7  # transaction, protocol, length, unit
MAX_LEN = 254  # unit and PDU
MAX_STRAYS = 8  # answers to somebody else's or an older question before ours


class TcpMaster:
    """Asks one device on the network; each question has a number of its own."""

    def __init__(self, host: str, port: int, *, resolver: Resolver) -> None:
        self._host = host
        self._port = port
        self._resolver = resolver
        self._numbers = count(1)

    async def ask(self, question: Question, *, timeout_ms: int) -> tuple[int, ...]:
        """The registers or bits; raises DeviceSilent, FrameError or DeviceRefused."""
        number = next(self._numbers) & 0xFFFF
        try:
            async with Deadline(timeout_ms / 1_000), self._connected() as (reader, writer):
                writer.write(frame_of(question, number))
                return await receive_answer(reader, question, number)
        except TimeoutError:
            raise DeviceSilent(
                f"unit {question.unit} gave no answer within {timeout_ms} ms"
            ) from None
        except asyncio.IncompleteReadError:
            raise DeviceSilent(f"{self._host} closed the connection without an answer") from None
        except OSError as error:
            raise DeviceSilent(
                f"{self._host} port {self._port}: {strerror(error.errno or 0)}"
            ) from None

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        address = await self._resolver.find(self._host)
        reader, writer = await asyncio.open_connection(address, self._port, limit=MAX_LEN)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


def frame_of(question: Question, number: int) -> bytes:
    """What goes to the device: number, protocol 0, length, unit, and the question."""
    body = bytes((question.unit,)) + question.pdu
    return number.to_bytes(2) + b"\0\0" + len(body).to_bytes(2) + body


def parse(body: bytes, question: Question) -> tuple[int, ...]:
    """The values in unit and PDU; raises FrameError, or DeviceRefused for an exception."""
    if len(body) == 3 and body[:2] == bytes((question.unit, question.function | EXCEPTION)):
        raise question.refused(body[2])
    expected = bytes((question.unit, question.function, question.data_len))
    if body[:3] != expected or len(body) != 3 + question.data_len:
        raise FrameError(f"not the answer of unit {question.unit}: {body[:40].hex(' ')}")
    return question.values(body[3:])


async def receive_answer(
    reader: asyncio.StreamReader, question: Question, number: int
) -> tuple[int, ...]:
    """The values in the first answer with this number; raises FrameError or DeviceRefused."""
    for _ in range(MAX_STRAYS):
        head = await reader.readexactly(HEAD_LEN - 1)
        length = int.from_bytes(head[4:6])
        if head[2:4] != b"\0\0" or not 2 <= length <= MAX_LEN:
            raise FrameError(f"this is not Modbus TCP: {head.hex(' ')}")
        body = await reader.readexactly(length)
        if int.from_bytes(head[:2]) == number:
            return parse(body, question)
    raise FrameError(f"{MAX_STRAYS} answers came, and none to the question")
