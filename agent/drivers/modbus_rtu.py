"""Modbus RTU on a noisy line: one question, and only its own answer.

Framing: "MODBUS over Serial Line" V1.02.
"""

import math

from agent.clock import Clock
from agent.drivers.modbus import EXCEPTION, Question
from agent.errors import DeviceError, DeviceSilent, FrameError
from agent.line import Port

HEAD_LEN, CRC_LEN = 2, 2
EXCEPTION_LEN = 5
MAX_BUFFER = 512  # twice the longest RTU frame
BITS_PER_BYTE = 11  # the serial line's character, whatever its parity
MAX_REPLY_LATENCY_MS = 1_000  # from the question; no reply is awaited or taken after it
BABBLE_LIMIT_MS = 1_500


def frame_of(question: Question) -> bytes:
    """What goes on the line: unit, function, first address, count, CRC."""
    body = bytes((question.unit,)) + question.pdu
    return body + crc16(body)


def reply_len(question: Question) -> int:
    """Unit, function, byte count, the data, CRC."""
    return HEAD_LEN + 1 + question.data_len + CRC_LEN


def find_answer(buffer: bytes, question: Question) -> tuple[int, ...] | None:
    """The values in the first whole answer to `question` anywhere in `buffer`, or None.

    Stray bytes, an echo and other units' frames are stepped over. Raises DeviceRefused on the
    unit's exception.
    """
    for at in range(len(buffer) - EXCEPTION_LEN + 1):
        if buffer[at] != question.unit:
            continue
        if buffer[at + 1] == question.function | EXCEPTION:
            _raise_if_refused(buffer[at : at + EXCEPTION_LEN], question)
        elif buffer[at + 1] == question.function and buffer[at + 2] == question.data_len:
            frame = buffer[at : at + reply_len(question)]
            if len(frame) == reply_len(question) and _is_intact(frame):
                return question.values(frame[HEAD_LEN + 1 : -CRC_LEN])
    return None


def explain_failure(buffer: bytes, question: Question, *, timeout_ms: int) -> DeviceError:
    """Why `buffer`, all that came before the deadline, holds no answer."""
    if not buffer:
        return DeviceSilent(f"unit {question.unit} gave no answer within {timeout_ms} ms")
    if buffer == frame_of(question):
        return DeviceSilent(f"unit {question.unit} gave no answer, only the question's echo came")
    shown = buffer[:40].hex(" ")
    return FrameError(f"no whole answer of unit {question.unit} in {len(buffer)} bytes: {shown}")


class RtuMaster:
    """Asks the units of one line one after the other.

    RTU has no transaction number, so a reply that comes after its deadline would pass for the
    answer to the next question: after a failure the line stays silent until no reply can come.
    """

    def __init__(
        self, port: Port, *, baud: int, clock: Clock, latency_ms: int = MAX_REPLY_LATENCY_MS
    ) -> None:
        self._port = port
        self._baud = baud
        self._clock = clock
        self._latency_ms = latency_ms
        self._silent_until_ms = 0

    async def ask(self, question: Question, *, timeout_ms: int) -> tuple[int, ...]:
        """The registers or bits; besides the time on the wire the unit has `timeout_ms`.

        Raises DeviceSilent, FrameError, DeviceRefused or LineGone.
        """
        await self._wait_for_silence()
        asked_ms = self._clock.boot_ms()
        self._silent_until_ms = asked_ms + max(self._latency_ms, 2 * timeout_ms)
        await self._port.write(frame_of(question))
        on_wire_ms = self._wire_ms(len(frame_of(question)) + reply_len(question))
        deadline_ms = asked_ms + timeout_ms + on_wire_ms
        registers = await self._receive_answer(question, deadline_ms, timeout_ms)
        self._silent_until_ms = 0
        return registers

    async def _receive_answer(
        self, question: Question, deadline_ms: int, timeout_ms: int
    ) -> tuple[int, ...]:
        heard = bytearray()
        while (left_ms := deadline_ms - self._clock.boot_ms()) > 0:
            expect = max(reply_len(question) - len(heard), 1)
            heard += await self._port.receive(left_ms, expect=expect)
            del heard[:-MAX_BUFFER]
            registers = find_answer(bytes(heard), question)
            if registers is not None:
                return registers
        raise explain_failure(bytes(heard), question, timeout_ms=timeout_ms)

    async def _wait_for_silence(self) -> None:
        """Discards what still arrives, for at least t3.5 and until no late reply can come."""
        gap_ms = t3_5_ms(self._baud)
        give_up_ms = max(self._clock.boot_ms(), self._silent_until_ms) + BABBLE_LIMIT_MS
        while (now_ms := self._clock.boot_ms()) < give_up_ms:
            heard = await self._port.receive(max(gap_ms, self._silent_until_ms - now_ms))
            if not heard and self._clock.boot_ms() >= self._silent_until_ms:
                return
        raise FrameError("the line is never silent: something on it speaks without being asked")

    def _wire_ms(self, count: int) -> int:
        return math.ceil(count * BITS_PER_BYTE * 1_000 / self._baud)


def t3_5_ms(baud: int) -> int:
    """The silence between two frames, in whole ms: 3.5 characters, 1.75 ms above 19200 baud."""
    return math.ceil(3.5 * BITS_PER_BYTE * 1_000 / baud) if baud <= 19_200 else 2


def crc16(data: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def _crc_step(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


_CRC_TABLE = tuple(_crc_step(byte) for byte in range(256))


def _is_intact(frame: bytes) -> bool:
    return crc16(frame[:-CRC_LEN]) == frame[-CRC_LEN:]


def _raise_if_refused(frame: bytes, question: Question) -> None:
    if _is_intact(frame):
        raise question.refused(frame[2])
