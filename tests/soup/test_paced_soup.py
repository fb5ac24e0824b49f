"""Spoiled messages on real ptys and sockets: the drivers never hang and recover with the next poll.

Every fourth poll, the line is whole: what is read then, and only what may be read before.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from agent.clock import FakeClock, KernelClock
from agent.drivers import a02yyuw, maxbotix, rtsp_camera
from agent.drivers.chirpstack import ChirpStack
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.modbus_tcp import TcpMaster
from agent.drivers.resolver import Resolver
from agent.drivers.speaking_sensor import SpeakingSensorDriver, agree
from agent.errors import DeviceError
from agent.serial_port import SerialPort
from contract.identity import AssetId
from contract.lorawan_devices import Em400
from contract.network_devices import RtspCamera
from contract.settings import LorawanLine
from firmware_sim.serial.pty_port import PtyPort
from scripts.district.ports import free_port
from tests.agent.drivers.placing import network_place
from tests.agent.drivers.test_lorawan import UP
from tests.soup.spoil import SPOILS, Spoil, whole
from tests.soup.test_network_soup import REPLIES, answer
from tests.soup.test_serial_soup import QUESTION, a02_frame, reply, words
from tests.system.chirpstack import APPLICATION, EUI, Publisher, chirpstack_broker

POLLS, NIGHTLY_POLLS = 200, 5_000
BYTE_S = 10 / 9_600
HEALTHY_EVERY = 4
SPOILED_MS, HEALTHY_MS = 40, 5_000  # how long a poll may wait; the second never runs out
LATE_S, LATENCY_MS = 0.06, 250
DEADLINE_S = 20.0  # of a poll, on however busy a machine

pytestmark = pytest.mark.system
PACED = pytest.mark.parametrize(
    "polls", [POLLS, pytest.param(NIGHTLY_POLLS, marks=pytest.mark.nightly)]
)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Weather:
    """Whether the line is whole in this poll, and what it does to a frame if it is not."""

    def __init__(self, seed: int, *, silent: float = 0.2) -> None:
        self.chance = random.Random(seed)
        self.healthy = False
        self._silent = silent

    def poll(self, number: int) -> int:
        """The next poll; how long it may wait."""
        self.healthy = number % HEALTHY_EVERY == HEALTHY_EVERY - 1
        return HEALTHY_MS if self.healthy else SPOILED_MS

    def spoil(self, frame: bytes) -> bytes:
        choice: Spoil = whole if self.healthy else self.chance.choice(SPOILS)
        return choice(frame, self.chance)

    @property
    def is_silent(self) -> bool:
        return not self.healthy and self.chance.random() < self._silent


@contextlib.asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    """A device at work for as long as the block."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def say(port: PtyPort, data: bytes) -> None:
    """As slowly as 9600 baud carries it, a few bytes at a time."""
    for at in range(0, len(data), 6):
        port.write(data[at : at + 6])
        await asyncio.sleep(BYTE_S * len(data[at : at + 6]))


@PACED
async def test_a_modbus_master_on_a_spoiled_rs485_line_recovers_with_one_poll(
    polls: int, tmp_path: Path
) -> None:
    weather, port, clock = Weather(7472), PtyPort(tmp_path / "rs485"), KernelClock(trusted=True)
    answered = [words(weather.chance)]

    async def meter() -> None:
        heard = b""
        while True:
            heard += await port.read()
            if len(heard) < 8:
                continue
            heard, answered[0] = b"", words(weather.chance)
            frame = weather.spoil(reply(answered[0]))
            if not weather.is_silent:
                late = not weather.healthy and weather.chance.random() < 0.2
                await asyncio.sleep(LATE_S if late else 0.002)
                await say(port, frame)

    wire = SerialPort(str(port.path), baud=9_600)
    master = RtuMaster(wire, baud=9_600, clock=clock, latency_ms=LATENCY_MS)
    async with running(meter()):
        for number in range(polls):
            wait_ms = weather.poll(number)
            async with asyncio.timeout(DEADLINE_S):
                try:
                    assert await master.ask(QUESTION, timeout_ms=wait_ms) == answered[0]
                except DeviceError:
                    assert not weather.healthy, f"poll {number}"
        await wire.close()
    port.close()


def r_frame(mm: int) -> bytes:
    return b"R%04d\r" % mm


@PACED
@pytest.mark.parametrize(
    ("frames", "parse", "make"),
    [
        (a02yyuw.frames, a02yyuw.parse, a02_frame),
        (maxbotix.frames, lambda one: maxbotix.parse(one, near_mm=300, far_mm=5_000), r_frame),
    ],
    ids=["a02yyuw", "maxbotix"],
)  # fmt: skip
async def test_a_speaking_sensor_on_a_spoiled_uart_recovers_with_one_poll(
    polls: int, tmp_path: Path, frames: Callable[[bytes], list[bytes]],
    parse: Callable[[bytes], object], make: Callable[[int], bytes],
) -> None:  # fmt: skip
    weather, port, clock = Weather(7472), PtyPort(tmp_path / "uart"), KernelClock(trusted=True)
    mm, said_whole = weather.chance.randint(400, 4_500), asyncio.Event()

    async def sensor() -> None:
        while True:
            healthy = weather.healthy
            await say(port, weather.spoil(make(mm)))
            if healthy:
                said_whole.set()
            await asyncio.sleep(0.01)

    wire = SerialPort(str(port.path), baud=9_600)
    async with running(sensor()):
        for number in range(polls):
            driver = SpeakingSensorDriver(
                wire, frames=frames, parse=parse, frame_len=len(make(mm)),  # type: ignore[arg-type]
                timeout_ms=max(weather.poll(number), 60), clock=clock,
            )  # fmt: skip
            async with asyncio.timeout(DEADLINE_S):
                if weather.healthy:  # what was said before is thrown away meanwhile
                    said_whole.clear()
                    await said_whole.wait()
                try:
                    (seen,) = await driver.read()
                    sure = weather.healthy or make is a02_frame  # the other has no checksum
                    assert agree(seen.value, mm) or not sure, f"poll {number}: {seen.value}"
                except DeviceError:
                    assert not weather.healthy, f"poll {number}"
        await wire.close()
    port.close()


@contextlib.asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """A device on loopback; gives its port."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@PACED
async def test_a_modbus_tcp_master_recovers_with_one_poll(polls: int) -> None:
    weather, right = Weather(7472), words(random.Random(1))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readexactly(12)
        if weather.is_silent:
            await reader.read()
            return
        late = answer(words(weather.chance), number=(int.from_bytes(asked[:2]) - 1) & 0xFFFF)
        writer.write(late + weather.spoil(answer(right, number=int.from_bytes(asked[:2]))))

    async with serving(serve) as port:
        master = TcpMaster("127.0.0.1", port, resolver=Resolver())
        for number in range(polls):
            wait_ms = weather.poll(number)
            async with asyncio.timeout(DEADLINE_S):
                try:
                    seen = await master.ask(QUESTION, timeout_ms=wait_ms)
                    assert len(seen) == QUESTION.count
                    assert seen == right or not weather.healthy
                except DeviceError:
                    assert not weather.healthy, f"poll {number}"


@PACED
async def test_a_camera_of_spoiled_answers_is_read_again_with_one_poll(polls: int) -> None:
    weather, clock = Weather(7472, silent=0.05), KernelClock(trusted=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if weather.is_silent:
            await reader.read()
            return
        told = REPLIES[0] if weather.healthy else weather.chance.choice(REPLIES)
        cseq = 1 if weather.healthy else weather.chance.randint(1, 2)
        writer.write(weather.spoil(told % cseq))

    async with serving(serve) as port:
        settings = RtspCamera(asset=AssetId("CAM-1"), host="127.0.0.1", port=port, timeout_ms=1_000)
        camera = rtsp_camera.build(settings, network_place(clock))
        for number in range(polls):
            weather.poll(number)
            async with asyncio.timeout(DEADLINE_S):
                try:
                    seen = {one.quantity: one.value for one in await camera.read()}
                    assert seen["video_streams"] == 1 or not weather.healthy
                except (DeviceError, KeyError):
                    assert not weather.healthy, f"poll {number}"


@PACED
async def test_a_stack_of_spoiled_uplinks_takes_the_next_whole_one(
    polls: int, tmp_path: Path
) -> None:
    weather, port = Weather(7472), free_port(random.Random())
    broker = chirpstack_broker(port, folder=tmp_path)
    publisher = Publisher(port)
    line = LorawanLine(
        name="lora", application=APPLICATION, port=port,
        device=[Em400(asset=AssetId("TPS-1"), dev_eui=EUI)],
    )  # fmt: skip
    stack = ChirpStack(line, frozenset({EUI}), clock=FakeClock())
    await stack.take(EUI)
    for number in range(polls):
        weather.poll(number)
        if weather.healthy:
            await asyncio.to_thread(publisher.up, 10_000 + number)
            await _taken(stack, 10_000 + number)
        else:
            await asyncio.to_thread(publisher.raw, weather.spoil(UP))
    await stack.close()
    publisher.close()
    broker.stop()


async def _taken(stack: ChirpStack, count: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while all(one.count != count for one in await stack.take(EUI)):  # noqa: ASYNC110 it is asked
            await asyncio.sleep(0.005)
