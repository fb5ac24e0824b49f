"""Finds what answers on a serial line, by questions that only read."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.clock import Clock
from agent.discovery.recognise import identify
from agent.drivers import a02yyuw, maxbotix
from agent.drivers.modbus import (
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
    Master,
    Question,
)
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.speaking_sensor import MAX_BUFFER
from agent.errors import DeviceRefused, DeviceSilent, FrameError
from agent.language import _
from agent.line import Port
from contract.discovery import FoundDevice
from contract.identity import Kind

ANSWER_MS = 150  # a slower device is found with a longer timeout_ms
LISTEN_MS = 1_800  # two frames of the slowest sensor that speaks by itself
FACTORY_ADDRESSES = (0x50,)  # beyond 32, of what has a map here

SPEAKING = {
    "a02yyuw": (a02yyuw.frames, "A02YYUW, JSN-SR04T"),
    "maxbotix": (maxbotix.frames, "MaxBotix HRXL"),
}

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where to look: every address at each baud, until one baud has answers."""

    bauds: tuple[int, ...] = (9_600, 2_400)
    addresses: tuple[int, ...] = (*range(1, 33), *FACTORY_ADDRESSES)
    timeout_ms: int = ANSWER_MS


@dataclass(slots=True, kw_only=True)
class Finding:
    """What answers, and in sentences what is wrong with the line."""

    found: list[FoundDevice] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


async def search_line(
    open_port: Callable[[int], Port], search: Search, *, clock: Clock, progress: Progress
) -> Finding:
    """Everything that answers at the first baud at which anything does; raises LineGone."""
    finding = Finding()
    for turn, baud in enumerate(search.bauds):
        port = open_port(baud)
        done = turn * len(search.addresses)

        def told(step: int, words: str, done: int = done) -> None:
            progress(done + step, len(search.bauds) * len(search.addresses), words)

        try:
            await _search_at(port, baud, search, clock=clock, told=told, finding=finding)
        finally:
            await port.close()
        if finding.found:
            break
    return finding


async def _search_at(
    port: Port,
    baud: int,
    search: Search,
    *,
    clock: Clock,
    told: Callable[[int, str], None],
    finding: Finding,
) -> None:
    told(0, _("{baud} baud: listening").format(baud=baud))
    driver, heard = await _speaks_by_itself(port, clock)
    if driver:
        said = _("an ultrasonic sensor that speaks by itself ({name})")
        what = said.format(name=SPEAKING[driver][1])
        device = FoundDevice(baud=baud, driver=driver, kind=Kind.WASTE_BIN, what=what)
        finding.found.append(device)
        return
    if heard:
        finding.trouble.append(_babble(baud, heard))
    master = RtuMaster(port, baud=baud, clock=clock, latency_ms=2 * search.timeout_ms)
    garbled = {}
    for step, address in enumerate(search.addresses, start=1):
        words = _("{baud} baud: address {address}, {count} found")
        told(step, words.format(baud=baud, address=address, count=len(finding.found)))
        found, noise = await ask_address(master, address, baud, timeout_ms=search.timeout_ms)
        finding.found += found
        if noise:
            garbled[address] = noise
    finding.trouble += garbled_words(baud, garbled, of=len(search.addresses))


async def ask_address(
    master: Master, address: int, baud: int, *, timeout_ms: int
) -> tuple[list[FoundDevice], str]:
    """What is at one address, or what came instead of an answer, in words; raises LineGone."""
    answered, noise = await _answers(master, address, timeout_ms)
    if not answered:
        return [], noise
    return await identify(master, address, baud, timeout_ms=timeout_ms), ""


async def _speaks_by_itself(port: Port, clock: Clock) -> tuple[str, bytes]:
    """The driver of a sensor of which two whole frames come unasked, and all that was heard."""
    heard = bytearray()
    until_ms = clock.boot_ms() + LISTEN_MS
    while (left_ms := until_ms - clock.boot_ms()) > 0:
        heard += await port.receive(left_ms, expect=a02yyuw.FRAME_LEN)
        del heard[:-MAX_BUFFER]
    counts = {driver: len(frames(bytes(heard))) for driver, (frames, _) in SPEAKING.items()}
    return next((driver for driver, count in counts.items() if count > 1), ""), bytes(heard)


async def _answers(master: Master, address: int, timeout_ms: int) -> tuple[bool, str]:
    """Whether a unit says anything of its own; a refusal is an answer as well."""
    noise = ""
    for function in (READ_INPUT_REGISTERS, READ_HOLDING_REGISTERS):
        question = Question(unit=address, function=function, first=0, count=2)
        try:
            await master.ask(question, timeout_ms=timeout_ms)
        except DeviceRefused:
            return True, ""
        except DeviceSilent:
            continue
        except FrameError as error:
            noise = str(error)
            continue
        return True, ""
    return False, noise


def _babble(baud: int, heard: bytes) -> str:
    return _(
        "{baud} baud: {count} bytes came before anything was asked: {data};"
        " something speaks by itself at another baud, another master is on this line,"
        " or a wire is loose"
    ).format(baud=baud, count=len(heard), data=heard[:16].hex(" "))


def garbled_words(baud: int, garbled: dict[int, str], *, of: int) -> list[str]:
    """A few garbled addresses are devices that speak at once; most of them are the line."""
    if not garbled:
        return []
    if len(garbled) > max(of // 2, 1):
        words = _(
            "{baud} baud: noise instead of answers at {count} addresses; swap A and B,"
            " check the termination (120 ohm at both ends) and the ground"
        )
        return [words.format(baud=baud, count=len(garbled))]
    words = _(
        "{baud} baud, address {address}: {noise}; two devices with the same address speak at once,"
        " or the line is disturbed; unplug one of them and search again"
    )
    return [
        words.format(baud=baud, address=address, noise=noise) for address, noise in garbled.items()
    ]
