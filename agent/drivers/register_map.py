"""A device's registers as a TOML file tells them: what to ask, and what the answer means."""

import math
import struct
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from agent.config import load_file
from agent.drivers.driver import Observation
from agent.drivers.modbus import BIT_FUNCTIONS, MAX_BITS, MAX_REGISTERS, Question
from agent.language import _
from contract.document import Section, misplaced, nearest
from contract.quantities import QUANTITIES
from contract.ucum import is_ucum

DIGITS = 9  # after the point; what a scale of 0.1 adds by its binary rounding is not measured
WORDS = {
    "bit": 1, "uint16": 1, "int16": 1,
    "uint32": 2, "int32": 2, "float32": 2,
    "uint64": 4, "int64": 4, "float64": 4,
}  # fmt: skip
RegisterType = Literal[
    "bit", "uint16", "int16", "uint32", "int32", "float32", "uint64", "int64", "float64"
]
Address = Annotated[int, Field(ge=0, le=0xFFFF)]


class Register(Section):
    """One quantity: raw value × scale + offset, in `unit`.

    `bit` picks one bit of a register, 0 the lowest. A raw value that is in `absent` is none.
    """

    quantity: str
    address: Address
    type: RegisterType = "uint16"
    bit: Annotated[int, Field(ge=0, le=15)] | None = None
    word_order: Literal["big", "little"] = "big"
    scale: float = 1.0
    offset: float = 0.0
    unit: str
    absent: list[int] = []

    @model_validator(mode="after")
    def _is_a_known_quantity(self) -> Self:
        known = QUANTITIES.get(self.quantity)
        if known is None:
            raise ValueError(
                _("there is no quantity {quantity}; {nearest}").format(
                    quantity=self.quantity, nearest=nearest(self.quantity, list(QUANTITIES))
                )
            )
        if not is_ucum(self.unit):
            words = _("{unit!r} is no unit of UCUM; write {right}")
            raise misplaced(words.format(unit=self.unit, right=known.unit), "unit")
        if self.unit != known.unit:
            words = _("{quantity} is kept in {right}, not in {unit}; scale it to that").format(
                quantity=self.quantity, right=known.unit, unit=self.unit
            )
            raise misplaced(words, "unit")
        return self

    @property
    def last(self) -> int:
        """The last address it takes."""
        return self.address + WORDS[self.type] - 1

    def overlaps(self, other: "Register") -> bool:
        """Whether both claim the same register, or the same bit of one."""
        apart = self.last < other.address or other.last < self.address
        two_bits = self.type == other.type == "bit" and self.bit != other.bit
        return not apart and not two_bits

    def observe(self, words: tuple[int, ...]) -> Observation | None:
        """The value in the registers it takes; None if the device says it has none."""
        raw = self._raw(words)
        if raw in self.absent or not math.isfinite(raw):
            return None
        value = round(raw * self.scale + self.offset, DIGITS)
        return Observation(quantity=self.quantity, value=value)

    def _raw(self, words: tuple[int, ...]) -> float:
        if self.type == "bit":
            return words[0] >> (self.bit or 0) & 1
        ordered = words if self.word_order == "big" else words[::-1]
        data = b"".join(word.to_bytes(2) for word in ordered)
        if self.type == "float32":
            return shortest_float32(data)
        if self.type == "float64":
            return float(struct.unpack(">d", data)[0])
        return int.from_bytes(data, signed=self.type.startswith("int"))


class Block(Section):
    """Neighbouring registers that are read by one question, and so hold one instant."""

    function: Annotated[int, Field(ge=1, le=4)]
    first: Address
    count: Annotated[int, Field(ge=1, le=MAX_BITS)]
    registers: Annotated[list[Register], Field(alias="register", min_length=1, max_length=MAX_BITS)]

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if self.function not in BIT_FUNCTIONS and self.count > MAX_REGISTERS:
            raise ValueError(
                _("one question reads {most} registers at most").format(most=MAX_REGISTERS)
            )
        if self.first + self.count > 0x10000:
            raise ValueError(_("the last address is 65535"))
        for number, register in enumerate(self.registers):
            if wrong := self._wrong_with(register):
                raise misplaced(wrong, "register", number)
        return self

    def question(self, unit: int, *, base: int) -> Question:
        """What asks for it, of a unit whose addresses begin `base` further up."""
        return Question(
            unit=unit, function=self.function, first=base + self.first, count=self.count
        )

    def observe(self, values: tuple[int, ...]) -> list[Observation]:
        """The quantities in one answer."""
        seen = []
        for register in self.registers:
            at = register.address - self.first
            seen.append(register.observe(values[at : at + WORDS[register.type]]))
        return [one for one in seen if one is not None]

    def _wrong_with(self, register: Register) -> str:
        name = register.quantity
        if register.address < self.first or register.last >= self.first + self.count:
            last = self.first + self.count - 1
            words = _("{name} lies outside its block, which is {first} to {last}")
            return words.format(name=name, first=self.first, last=last)
        if self.function in BIT_FUNCTIONS and register.type != "bit":
            words = _('function {function} reads bits: give {name} type = "bit"')
            return words.format(function=self.function, name=name)
        names_a_bit = register.bit is not None
        if names_a_bit != (register.type == "bit" and self.function not in BIT_FUNCTIONS):
            words = _('{name}: bit = … goes with type = "bit" in a register, only there')
            return words.format(name=name)
        return ""


class RegisterMap(Section):
    """One type of device."""

    name: str
    source: str
    block: Annotated[list[Block], Field(min_length=1, max_length=16)]

    @model_validator(mode="after")
    def _nothing_is_read_twice(self) -> Self:
        for (before, one), (at, other) in combinations(self._placed(), 2):
            same_function = self.block[before[1]].function == self.block[at[1]].function
            if same_function and one.overlaps(other):
                words = _("{one} and {other} overlap at address {address}").format(
                    one=one.quantity, other=other.quantity, address=other.address
                )
                raise misplaced(words, *at)
            if one.quantity == other.quantity:
                raise misplaced(_("{name} is read twice").format(name=other.quantity), *at)
        return self

    def _placed(self) -> Iterator[tuple[tuple[str, int, str, int], Register]]:
        """Every register, with its place in the document."""
        for number, block in enumerate(self.block):
            for at, register in enumerate(block.registers):
                yield ("block", number, "register", at), register


def load_map(path: Path) -> RegisterMap:
    """Raises SettingsError that names the file, the line and what to do."""
    remedy = _("the shipped ones are in /usr/share/nadi-agent/modbus")
    return load_file(RegisterMap, path, remedy=remedy)


def shortest_float32(data: bytes) -> float:
    """The shortest decimal that is this big-endian IEEE 754 single: 230.2, not 230.1999969."""
    exact = float(struct.unpack(">f", data)[0])
    if not math.isfinite(exact):
        return exact
    shown = (float(f"{exact:.{digits}g}") for digits in (6, 7, 8))
    return next((one for one in shown if _single(one) == exact), exact)


def _single(value: float) -> float:
    try:
        return float(struct.unpack(">f", struct.pack(">f", value))[0])
    except OverflowError:  # the largest singles round up beyond the type
        return math.inf
