"""Modbus questions and answers without their framing (MODBUS Application Protocol V1.1b3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from firmware_sim.answers import Reply
from firmware_sim.faults import Voice

READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT = 0x01, 0x02, 0x03, 0x04
WRITE_COIL, WRITE_REGISTER = 0x05, 0x06
CALIBRATE, RESET_ENERGY = 0x41, 0x42  # Peacefair's own function codes
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
TARGET_SILENT = 0x0B  # what a gateway says when the device behind it does not answer
BROADCAST = 0x00
MAX_REGISTERS = 125


class Unit(Protocol):
    """One Modbus unit; a reply's frame is a PDU."""

    @property
    def device(self) -> str:
        """What it is."""

    @property
    def asset(self) -> str:
        """Whom its answers are noted for."""

    @property
    def turnaround_s(self) -> float:
        """From a question's last byte to the answer's first."""

    @property
    def voice(self) -> Voice:
        """How it speaks."""

    def hears(self, unit: int) -> bool:
        """Whether a frame to `unit` is meant for it."""

    def answer(self, pdu: bytes, now_s: float) -> Reply:
        """The reply to one question that it hears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuestion:
    """So many registers from one address on."""

    function: int
    first: int
    count: int


def read_question(pdu: bytes) -> ReadQuestion | None:
    """The question for registers in `pdu`, or None if it is another."""
    if len(pdu) != 5 or pdu[0] not in (READ_HOLDING, READ_INPUT):
        return None
    return ReadQuestion(function=pdu[0], first=word(pdu[1:]), count=word(pdu[3:]))


def refuse(function: int, code: int) -> Reply:
    """The exception that refuses `function`."""
    return Reply(frame=bytes([function | 0x80, code]), values={})


def give_words(function: int, words: Sequence[int]) -> bytes:
    """The reply that carries registers."""
    data = b"".join(one.to_bytes(2, "big") for one in words)
    return bytes([function, len(data)]) + data


def word(data: bytes) -> int:
    """The first two bytes, high byte first."""
    return int.from_bytes(data[:2], "big")
