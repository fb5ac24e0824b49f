"""A Modbus device is named by what it says of itself."""

from collections.abc import Awaitable, Callable

from agent.drivers import pzem004t
from agent.drivers.modbus import (
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
    Master,
    Question,
)
from agent.drivers.register_map import shortest_float32
from agent.errors import DeviceError, DeviceRefused
from contract.discovery import FoundDevice
from contract.identity import Kind

MAINS_V, MAINS_HZ = (80, 300), (45, 65)
UNKNOWN = "a Modbus device of a type not known here; write a register map for it"
# HMS Intesis, fixed address mode: 100 registers for each of a channel's 64 short addresses.
LAMPS, LAMP_REGISTERS, STATUS, LAMP_WORDS, FAILURE_WORDS = 64, 100, 5, 8, 4
MAX_LEVEL, MAX_BYTE = 100, 0xFF
# SEN0492: it keeps its factory address until somebody changes it.
LASER_ADDRESS, LASER_DISTANCE, LASER_RANGE_MM = 0x50, 0x34, (1, 10_000)

Words = tuple[int, ...]
Ask = Callable[[int, int, int], Awaitable[Words | None]]


async def identify(
    master: Master, address: int, baud: int, *, timeout_ms: int
) -> list[FoundDevice]:
    """What is at an address that answers: one device, or each lamp behind a DALI gateway."""

    async def ask(function: int, first: int, count: int) -> Words | None:
        """The registers; none of them if the device refuses, None if it says nothing."""
        question = Question(unit=address, function=function, first=first, count=count)
        try:
            return await master.ask(question, timeout_ms=timeout_ms)
        except DeviceRefused:
            return ()
        except DeviceError:
            return None

    for recognise in (_pzem, _eastron, _dfrobot, _intesis, _laser):
        if known := await recognise(ask, address):
            return [one.model_copy(update={"baud": baud, "address": address}) for one in known]
    return [FoundDevice(baud=baud, address=address, what=UNKNOWN)]


async def _pzem(ask: Ask, _: int) -> list[FoundDevice]:
    words = await ask(READ_INPUT_REGISTERS, pzem004t.FIRST_REGISTER, pzem004t.REGISTER_COUNT)
    if not words:
        return []
    seen = {one.quantity: one.value for one in pzem004t.scale(words)}
    if not (_within(seen["voltage"], MAINS_V) and _within(seen["frequency"], MAINS_HZ)):
        return []
    what = f"a PZEM-004T v3 or PZEM-016 meter at {seen['voltage']} V"
    return [FoundDevice(baud=0, driver="pzem004t", kind=Kind.STREETLIGHT, what=what)]


async def _eastron(ask: Ask, _: int) -> list[FoundDevice]:
    mains = _singles(await ask(READ_INPUT_REGISTERS, 0x0046, 2))
    volts = _singles(await ask(READ_INPUT_REGISTERS, 0x0000, 6))
    if not (mains and _within(mains[0], MAINS_HZ) and volts and _within(volts[0], MAINS_V)):
        return []
    phases = sum(_within(one, MAINS_V) for one in volts)
    name, words = ("sdm120", "one phase") if phases == 1 else ("sdm630", "three phases")
    what = f"an Eastron {name.upper()} meter, {words}, at {volts[0]:.1f} V"
    return [_mapped(f"eastron-{name}.toml", Kind.STREETLIGHT, what)]


async def _dfrobot(ask: Ask, address: int) -> list[FoundDevice]:
    """Its register 2 holds its own address, and 3 one of eight codes for the baud."""
    words = await ask(READ_HOLDING_REGISTERS, 0, 7)
    if not words or words[2] != address or words[3] not in range(1, 9):
        return []
    what = "a DFRobot URM13 or URM14 ultrasonic sensor; compare the map's scale with its model"
    return [_mapped("dfrobot-sen0310.toml", Kind.WASTE_BIN, what)]


async def _intesis(ask: Ask, _: int) -> list[FoundDevice]:
    """It has bit fields of failures first, then a block of registers for each short address.

    Whether it refuses the registers of a lamp that is not there or gives zeros is not said.
    """
    if not await ask(READ_HOLDING_REGISTERS, 0, FAILURE_WORDS):
        return []
    lamps = {}
    for number in range(LAMPS):
        first = LAMP_REGISTERS * number + STATUS
        words = await _asked_twice(ask, first, LAMP_WORDS)
        if words is None:
            return []
        if _is_lamp(words):
            lamps[number] = words
    there = {number: words for number, words in lamps.items() if any(words)}
    return [_lamp(number, words[1]) for number, words in there.items()]


async def _asked_twice(ask: Ask, first: int, count: int) -> Words | None:
    """One answer of sixty-four that is lost on the line must not hide a whole gateway."""
    words = await ask(READ_HOLDING_REGISTERS, first, count)
    return words if words is not None else await ask(READ_HOLDING_REGISTERS, first, count)


def _is_lamp(words: Words) -> bool:
    """Status, level, device type, then five levels, of which the least is not above the most."""
    if len(words) != LAMP_WORDS:
        return False
    status, level, kind, *levels = words
    fits = status <= MAX_BYTE and level <= MAX_LEVEL and max(levels) <= MAX_BYTE
    return fits and kind <= MAX_BYTE and levels[1] <= levels[2]


def _lamp(number: int, level: int) -> FoundDevice:
    what = f"a lamp behind an Intesis DALI gateway, short address {number} of channel 0, {level} %"
    found = _mapped("intesis-dali.toml", Kind.STREETLIGHT, what)
    return found.model_copy(update={"base": LAMP_REGISTERS * number})


async def _laser(ask: Ask, address: int) -> list[FoundDevice]:
    if address != LASER_ADDRESS:
        return []
    words = await ask(READ_HOLDING_REGISTERS, LASER_DISTANCE, 1)
    if not words or not _within(words[0], LASER_RANGE_MM):
        return []
    what = f"a DFRobot SEN0492 laser, going by its address, at {words[0]} mm"
    return [_mapped("dfrobot-sen0492.toml", Kind.WASTE_BIN, what)]


def _mapped(name: str, kind: Kind, what: str) -> FoundDevice:
    return FoundDevice(baud=0, driver="modbus_map", map=name, kind=kind, what=what)


def _singles(words: Words | None) -> tuple[float, ...]:
    data = b"".join(word.to_bytes(2) for word in words or ())
    return tuple(shortest_float32(data[at : at + 4]) for at in range(0, len(data), 4))


def _within(value: float, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= value <= bounds[1]
