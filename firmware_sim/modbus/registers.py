"""A Modbus unit over a table of registers: what it has, where its gaps are, what it refuses."""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from firmware_sim.answers import Reply
from firmware_sim.faults import Voice
from firmware_sim.modbus import pdu as modbus
from firmware_sim.modbus.settings import UnitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What one or more registers hold, and the number it stands for if it is one to record."""

    first: int
    words: tuple[int, ...]
    name: str = ""
    number: float = 0.0


Table = Callable[[float], Iterable[Value]]


class RegisterUnit:
    """One unit; `spans` are its registers, of which those that hold nothing read as 0."""

    def __init__(
        self,
        settings: UnitSettings,
        *,
        functions: Sequence[int],
        spans: Sequence[range],
        table: Table,
        voice: Voice,
    ) -> None:
        self.device = settings.DEVICE
        self.asset = settings.asset
        self.turnaround_s = settings.turnaround_ms / 1000
        self.voice = voice
        self._address = settings.address
        self._functions = functions
        self._spans = spans
        self._table = table

    def hears(self, unit: int) -> bool:
        """Whether a frame to `unit` is meant for it."""
        return unit == self._address

    def answer(self, pdu: bytes, now_s: float) -> Reply:
        """Registers, or an exception for what it does not have."""
        question = modbus.read_question(pdu)
        if question is None or question.function not in self._functions:
            return modbus.refuse(pdu[0], modbus.ILLEGAL_FUNCTION)
        if not 1 <= question.count <= modbus.MAX_REGISTERS:
            return modbus.refuse(pdu[0], modbus.ILLEGAL_VALUE)
        asked = range(question.first, question.first + question.count)
        if not any(asked[0] in span and asked[-1] in span for span in self._spans):
            return modbus.refuse(pdu[0], modbus.ILLEGAL_ADDRESS)
        return give(question.function, asked, self._table(now_s))


def give(function: int, asked: range, values: Iterable[Value]) -> Reply:
    """The registers asked for, and the numbers that lie in them whole."""
    words = dict.fromkeys(asked, 0)
    told: dict[str, float] = {}
    for value in values:
        held = range(value.first, value.first + len(value.words))
        words |= {at: word for at, word in zip(held, value.words, strict=True) if at in words}
        if value.name and held[0] in asked and held[-1] in asked:
            told[value.name] = value.number
    return Reply(frame=modbus.give_words(function, tuple(words.values())), values=told)


def single(first: int, name: str, number: float) -> Value:
    """An IEEE 754 single in two registers, high word first."""
    packed = struct.pack(">f", number)
    words = struct.unpack(">HH", packed)
    return Value(first=first, words=words, name=name, number=struct.unpack(">f", packed)[0])


def whole(first: int, name: str, number: int, *, step: float = 1) -> Value:
    """A whole number of `step` each in one register, negative ones in two's complement."""
    return Value(first=first, words=(number & 0xFFFF,), name=name, number=number * step)
