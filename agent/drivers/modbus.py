"""What Modbus asks and how it refuses, whatever carries it.

Functions and exceptions: "MODBUS Application Protocol" V1.1b3, 6 and 7.
"""

from dataclasses import dataclass
from typing import Protocol

from agent.errors import DeviceRefused

READ_COILS, READ_DISCRETE_INPUTS = 0x01, 0x02
READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS = 0x03, 0x04
BIT_FUNCTIONS = (READ_COILS, READ_DISCRETE_INPUTS)
EXCEPTION = 0x80
MAX_REGISTERS, MAX_BITS = 125, 2_000  # of one question, 6.1 to 6.4

_EXCEPTIONS = {
    0x01: "illegal function",
    0x02: "illegal data address",
    0x03: "illegal data value",
    0x04: "device failure",
    0x05: "acknowledged, still working",
    0x06: "device busy",
    0x08: "memory parity error",
    0x0A: "gateway path unavailable",
    0x0B: "gateway target does not answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A read of `count` registers, or bits, from `first`; nothing here can write."""

    unit: int
    first: int
    count: int
    function: int = READ_INPUT_REGISTERS

    @property
    def pdu(self) -> bytes:
        """Function, first address, count."""
        return bytes((self.function,)) + self.first.to_bytes(2) + self.count.to_bytes(2)

    @property
    def data_len(self) -> int:
        """How many bytes of data an answer has."""
        return (self.count + 7) // 8 if self.function in BIT_FUNCTIONS else 2 * self.count

    def values(self, data: bytes) -> tuple[int, ...]:
        """The registers in an answer's data, or its bits as 0 and 1, first address first."""
        if self.function in BIT_FUNCTIONS:
            return tuple(data[at // 8] >> at % 8 & 1 for at in range(self.count))
        return tuple(int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))

    def refused(self, code: int) -> DeviceRefused:
        """The unit's exception in words."""
        reason = _EXCEPTIONS.get(code, "unknown exception")
        return DeviceRefused(f"unit {self.unit} refuses: {reason} (exception {code:#04x})")


class Master(Protocol):
    """Whatever carries a question to a unit and its answer back."""

    async def ask(self, question: Question, *, timeout_ms: int) -> tuple[int, ...]:
        """The registers or bits; raises DeviceError or LineGone."""
        ...
