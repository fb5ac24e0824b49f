import asyncio
import random
import socket
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.clock import FakeClock, Sight
from agent.drivers.camera import CameraDriver
from agent.drivers.camera_web import CameraWeb
from agent.drivers.driver import Observation
from agent.drivers.http import MAX_BODY
from agent.drivers.onvif_clock import OnvifClock, parse
from agent.drivers.poe_port import PoePort
from agent.errors import (
    DeviceError,
    DeviceRefused,
    DeviceSilent,
    FrameError,
    LoginRefused,
    Unpowered,
)
from contract.network_devices import Onvif, Poe
from tests.agent.drivers.placing import network_place
from tests.agent.drivers.web import http, web_server
from tests.soup.spoil import SPOILS

FRAMES = tomllib.loads((Path(__file__).parents[2] / "fixtures/frames/onvif.toml").read_text())
GOOD = FRAMES["good"][0]
ORIGIN_MS = 1_790_000_000_000
SILENT = DeviceSilent("no whole answer within 3000 ms")
STREAM = (Observation(quantity="rtsp_status", value=200.0),)
# RFC 3416 Response, community public, pethPsePortDetectionStatus.1.5 = INTEGER; {id} is 4 bytes.
POE = (
    "302e020101 04067075626c6963 a221 0204{id} 020100 020100 3013 3011"
    " 060c2b0601020169010101060105 0201{status:02x}"
)


class Stream:
    """What RTSP gives."""

    def __init__(self, error: DeviceError | None = None) -> None:
        self._error = error

    async def read(self) -> tuple[Observation, ...]:
        if self._error is not None:
            raise self._error
        return STREAM


@asynccontextmanager
async def switch(status: int | None) -> AsyncIterator[int]:
    """A switch's SNMP agent, or one that never answers."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        wire.setblocking(False)

        async def serve() -> None:
            while True:
                asked, sender = await loop.sock_recvfrom(wire, 2_048)
                at = asked.index(b"public") + len(b"public") + 4
                if status is not None:
                    text = POE.format(id=asked[at : at + 4].hex(), status=status)
                    await loop.sock_sendto(wire, bytes.fromhex(text), sender)

        serving = asyncio.create_task(serve())
        try:
            yield wire.getsockname()[1]
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def poe(port: int) -> PoePort:
    settings = Poe(host="127.0.0.1", port=port, index="1.5", timeout_ms=300)
    return PoePort(settings, network_place())


@pytest.mark.parametrize("vector", FRAMES["good"], ids=lambda vector: str(vector["name"]))
def test_a_recorded_answer_is_the_cameras_utc(vector: dict[str, Any]) -> None:
    assert parse(vector["reply"].encode()) == vector["utc"]


@pytest.mark.parametrize("vector", FRAMES["bad"], ids=lambda vector: str(vector["name"]))
def test_a_recorded_bad_answer_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        parse(vector["reply"].encode())


def test_a_camera_that_tells_only_its_local_time_tells_no_drift() -> None:
    assert parse(GOOD["reply"].replace("UTCDateTime", "Other").encode()) is None


@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=pytest.mark.nightly)])
def test_no_answer_makes_the_parser_crash(count: int) -> None:
    chance = random.Random(7472)
    for _ in range(count):
        spoiled = chance.choice(SPOILS)(GOOD["reply"].encode(), chance)
        try:
            shown = parse(spoiled)
        except FrameError:
            continue
        assert shown is None or isinstance(shown, datetime)


def onvif_clock(settings: Onvif, clock: FakeClock) -> OnvifClock:
    web = CameraWeb("ONVIF", "127.0.0.1", settings, network_place(clock))
    return OnvifClock(web, settings.path, clock)


async def drift(answer: bytes, *, shown_ahead_s: float, hang: bool = False) -> Any:
    utc_ms = GOOD["utc"].timestamp() * 1_000
    clock = FakeClock(boot_ms=50_000)
    clock.seen = Sight(origin_ms=round(utc_ms - 50_000 - shown_ahead_s * 1_000), uncertainty_ms=1)
    async with web_server(answer, hang=hang) as web:
        return await onvif_clock(Onvif(port=web.port, timeout_ms=400), clock).read()


async def test_the_drift_is_the_cameras_time_less_ours() -> None:
    (seen,) = await drift(http(GOOD["reply"].encode()), shown_ahead_s=-75.0)
    assert (seen.quantity, seen.value) == ("clock_drift", -74.5)  # a whole second has a middle


async def test_a_gateway_that_does_not_know_the_time_judges_nobodys() -> None:
    assert await onvif_clock(Onvif(port=9), FakeClock()).read() == ()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http(b"x", "401 Unauthorized"), FrameError),
        (http(b"<" * (MAX_BODY + 1)), FrameError),
        (http(b"", "302 Found\r\nLocation: http://elsewhere/"), DeviceRefused),
        (b"RTSP/1.0 200 OK\r\n\r\n", FrameError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5_000, FrameError),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"<" * (MAX_BODY + 1), FrameError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", DeviceSilent),
        (b"", DeviceSilent),
    ],
)
async def test_a_strange_web_server_is_no_clock(answer: bytes, error: type[DeviceError]) -> None:
    with pytest.raises(error):
        await drift(answer, shown_ahead_s=0)


async def test_a_web_server_that_hangs_is_left_at_the_deadline() -> None:
    with pytest.raises(DeviceSilent, match="no whole HTTP answer within 400 ms"):
        await drift(b"HTTP/1.1 200 OK\r\n", shown_ahead_s=0, hang=True)


async def test_a_silent_camera_without_power_is_told_so_by_its_switch() -> None:
    async with switch(2) as port:
        camera = CameraDriver(Stream(SILENT), power=poe(port))
        with pytest.raises(Unpowered, match=r"port 1\.5 of the switch 127\.0\.0\.1 gives no power"):
            await camera.read()


async def test_a_silent_camera_with_power_is_silent() -> None:
    async with switch(3) as port:
        with pytest.raises(DeviceSilent, match="no whole answer"):
            await CameraDriver(Stream(SILENT), power=poe(port)).read()


async def test_a_switch_that_says_nothing_explains_nothing() -> None:
    refused = LoginRefused("the camera refuses the user and password")
    async with switch(None) as port:
        with pytest.raises(LoginRefused):
            await CameraDriver(Stream(refused), power=poe(port)).read()


async def test_a_camera_without_onvif_still_shows_its_stream() -> None:
    clock = FakeClock(sight=Sight(origin_ms=ORIGIN_MS, uncertainty_ms=1))
    gone = onvif_clock(Onvif(port=9, timeout_ms=200), clock)
    assert await CameraDriver(Stream(), checks={"clock": gone}).read() == STREAM
