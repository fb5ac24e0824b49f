"""Finds what answers on a serial line, by questions that only read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.clock import Clock
from agent.drivers import a02yyuw, maxbotix, pzem004t
from agent.drivers.modbus import (
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
    Master,
    Question,
)
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.register_map import shortest_float32
from agent.drivers.speaking_sensor import MAX_BUFFER
from agent.errors import DeviceError, DeviceRefused, DeviceSilent, FrameError
from agent.line import Port
from contract.discovery import FoundDevice
from contract.identity import Kind

ANSWER_MS = 150  # a slower device is found with a longer timeout_ms
LISTEN_MS = 1_800  # two frames of the slowest sensor that speaks by itself
MAINS_V, MAINS_HZ = (80, 300), (45, 65)
UNKNOWN = "a Modbus device of a type not known here; write a register map for it"

SPEAKING = {
    "a02yyuw": (a02yyuw.frames, "A02YYUW, JSN-SR04T"),
    "maxbotix": (maxbotix.frames, "MaxBotix HRXL"),
}

Progress = Callable[[int, int, str], None]
Words = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where to look: every address at each baud, until one baud has answers."""

    bauds: tuple[int, ...] = (9_600, 2_400)
    addresses: range = range(1, 33)
    timeout_ms: int = ANSWER_MS


async def search_line(
    open_port: Callable[[int], Port], search: Search, *, clock: Clock, progress: Progress
) -> list[FoundDevice]:
    """Everything that answers at the first baud at which anything does; raises LineGone."""
    for turn, baud in enumerate(search.bauds):
        port = open_port(baud)
        done = turn * len(search.addresses)

        def told(step: int, words: str, done: int = done) -> None:
            progress(done + step, len(search.bauds) * len(search.addresses), words)

        try:
            found = await _search_at(port, baud, search, clock, told)
        finally:
            await port.close()
        if found:
            return found
    return []


async def _search_at(
    port: Port, baud: int, search: Search, clock: Clock, told: Callable[[int, str], None]
) -> list[FoundDevice]:
    told(0, f"{baud} baud: listening")
    if (driver := await _speaks_by_itself(port, clock)) is not None:
        what = f"an ultrasonic sensor that speaks by itself ({SPEAKING[driver][1]})"
        return [FoundDevice(baud=baud, driver=driver, kind=Kind.WASTE_BIN, what=what)]
    master = RtuMaster(port, baud=baud, clock=clock, latency_ms=2 * search.timeout_ms)
    found: list[FoundDevice] = []
    for step, address in enumerate(search.addresses, start=1):
        told(step, f"{baud} baud: address {address}, {len(found)} found")
        if await _answers(master, address, search.timeout_ms):
            found.append(await _identify(master, address, baud, search.timeout_ms))
    return found


async def _speaks_by_itself(port: Port, clock: Clock) -> str | None:
    """The driver of a sensor of which two whole frames come without being asked for."""
    heard = bytearray()
    until_ms = clock.boot_ms() + LISTEN_MS
    while (left_ms := until_ms - clock.boot_ms()) > 0:
        heard += await port.receive(left_ms, expect=a02yyuw.FRAME_LEN)
        del heard[:-MAX_BUFFER]
    counts = {driver: len(frames(bytes(heard))) for driver, (frames, _) in SPEAKING.items()}
    return next((driver for driver, count in counts.items() if count > 1), None)


async def _answers(master: Master, address: int, timeout_ms: int) -> bool:
    """Whether a unit says anything of its own; a refusal is an answer as well."""
    for function in (READ_INPUT_REGISTERS, READ_HOLDING_REGISTERS):
        question = Question(unit=address, function=function, first=0, count=2)
        try:
            await master.ask(question, timeout_ms=timeout_ms)
        except DeviceRefused:
            return True
        except (DeviceSilent, FrameError):
            continue
        return True
    return False


async def _identify(master: Master, address: int, baud: int, timeout_ms: int) -> FoundDevice:
    async def ask(function: int, first: int, count: int) -> Words:
        question = Question(unit=address, function=function, first=first, count=count)
        try:
            return await master.ask(question, timeout_ms=timeout_ms)
        except DeviceError:
            return ()

    for recognise in (_pzem, _eastron, _dfrobot):
        if (known := await recognise(ask, address)) is not None:
            return known.model_copy(update={"baud": baud, "address": address})
    return FoundDevice(baud=baud, address=address, what=UNKNOWN)


Ask = Callable[[int, int, int], Awaitable[Words]]


async def _pzem(ask: Ask, _: int) -> FoundDevice | None:
    words = await ask(READ_INPUT_REGISTERS, pzem004t.FIRST_REGISTER, pzem004t.REGISTER_COUNT)
    if not words:
        return None
    seen = {one.quantity: one.value for one in pzem004t.scale(words)}
    if not (_within(seen["voltage"], MAINS_V) and _within(seen["frequency"], MAINS_HZ)):
        return None
    what = f"a PZEM-004T v3 or PZEM-016 meter at {seen['voltage']} V"
    return FoundDevice(baud=0, driver="pzem004t", kind=Kind.STREETLIGHT, what=what)


async def _eastron(ask: Ask, _: int) -> FoundDevice | None:
    mains = _singles(await ask(READ_INPUT_REGISTERS, 0x0046, 2))
    volts = _singles(await ask(READ_INPUT_REGISTERS, 0x0000, 6))
    if not (mains and _within(mains[0], MAINS_HZ) and volts and _within(volts[0], MAINS_V)):
        return None
    phases = sum(_within(one, MAINS_V) for one in volts)
    name, words = ("sdm120", "one phase") if phases == 1 else ("sdm630", "three phases")
    return FoundDevice(
        baud=0,
        driver="modbus_map",
        map=f"eastron-{name}.toml",
        kind=Kind.STREETLIGHT,
        what=f"an Eastron {name.upper()} meter, {words}, at {volts[0]:.1f} V",
    )


async def _dfrobot(ask: Ask, address: int) -> FoundDevice | None:
    """Its register 2 holds its own address, and 3 one of eight codes for the baud."""
    words = await ask(READ_HOLDING_REGISTERS, 0, 7)
    if not words or words[2] != address or words[3] not in range(1, 9):
        return None
    return FoundDevice(
        baud=0,
        driver="modbus_map",
        map="dfrobot-sen0310.toml",
        kind=Kind.WASTE_BIN,
        what="a DFRobot URM13 or URM14 ultrasonic sensor; compare the map's scale with its model",
    )


def _singles(words: Words) -> tuple[float, ...]:
    data = b"".join(word.to_bytes(2) for word in words)
    return tuple(shortest_float32(data[at : at + 4]) for at in range(0, len(data), 4))


def _within(value: float, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= value <= bounds[1]
