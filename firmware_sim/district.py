"""All devices of a district stand and answer while its `async with` block runs."""

import asyncio
import difflib
import random
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_sim.a02yyuw import A02yyuw
from firmware_sim.answers import NoRecord, Record
from firmware_sim.clock import Clock, SystemClock
from firmware_sim.errors import ControlError, PortError
from firmware_sim.faults import Voice
from firmware_sim.line import MeterBus, Pace, SensorLine
from firmware_sim.maxbotix import Maxbotix
from firmware_sim.pty_port import PtyPort
from firmware_sim.pzem004t import Pzem004t
from firmware_sim.rtsp_camera import MAX_REQUEST, CameraServer, RtspCamera
from firmware_sim.settings import (
    AccessPointSettings,
    BinSensorSettings,
    CameraSettings,
    DistrictSettings,
    FaultSettings,
    LampMeterSettings,
    LineSettings,
    MaxbotixSettings,
)
from firmware_sim.snmp_access_point import AgentSocket, SnmpAccessPoint
from firmware_sim.world import Bin, Hotspot, Lamp, Sky


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where drivers find the devices: line name to path, asset to host:port."""

    lines: dict[str, str]
    cameras: dict[str, str]
    access_points: dict[str, str]


class District:
    """The devices of `settings`, with serial ports under `directory`."""

    def __init__(
        self,
        settings: DistrictSettings,
        *,
        directory: Path,
        clock: Clock | None = None,
        record: Record | None = None,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._clock = clock or SystemClock()
        self._record = record or NoRecord()
        self._start_s = self._clock.boot_ms() / 1000
        self._sky = Sky(settings.clock, origin_unix_s=self._clock.unix_s() - self._start_s)
        self._voices: dict[str, Voice] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._open = AsyncExitStack()
        self.places = Places(lines={}, cameras={}, access_points={})

    async def __aenter__(self) -> Self:
        """Everything listens when this returns; raises PortError when something cannot."""
        try:
            for line in self._settings.lines:
                self._open_line(line)
            for camera in self._settings.cameras:
                await self._open_camera(camera)
            for access_point in self._settings.access_points:
                await self._open_access_point(access_point)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def serve(self) -> None:
        """Returns never; raises what a device died of."""
        if self._tasks:
            done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        await asyncio.Event().wait()

    def silence(self, asset: str) -> None:
        """From now on `asset` answers nothing; raises ControlError for a stranger."""
        self._voice_of(asset).silent = True

    def speak(self, asset: str) -> None:
        """`asset` answers again; raises ControlError for a stranger."""
        self._voice_of(asset).silent = False

    def _open_line(self, line: LineSettings) -> None:
        port = PtyPort(self._directory / line.port)
        self._open.callback(port.close)
        self.places.lines[line.name] = str(port.path)
        if sensor := line.bin_sensor():
            device = self._bin_sensor(sensor)
            serving = SensorLine(port, device, clock=self._clock, record=self._record).run()
        else:
            meters = [self._lamp_meter(meter) for meter in line.lamp_meters()]
            pace = Pace(baud=line.baud, paced=line.pace)
            bus = MeterBus(port, meters, pace=pace, clock=self._clock, record=self._record)
            serving = bus.run()
        self._start(serving, name=line.name)

    async def _open_camera(self, settings: CameraSettings) -> None:
        nonces = random.Random(self._seed(settings.asset, "nonce"))
        voice = self._voice(settings.asset, settings.faults)
        camera = RtspCamera(settings, nonce=lambda: f"{nonces.getrandbits(64):016x}", voice=voice)
        serving = CameraServer(camera, clock=self._clock, record=self._record)
        try:
            server = await asyncio.start_server(
                serving.connected, settings.host, settings.port, limit=MAX_REQUEST
            )
        except OSError as error:
            raise _no_socket(settings, error) from error
        self._open.push_async_callback(serving.close)
        self._open.callback(server.close)
        self.places.cameras[settings.asset] = _host_port(server.sockets[0].getsockname())

    async def _open_access_point(self, settings: AccessPointSettings) -> None:
        hotspot = Hotspot(start_s=self._start_s, seed=self._seed(settings.asset, "wifi"))
        voice = self._voice(settings.asset, settings.faults)
        agent = SnmpAccessPoint(settings, wifi=hotspot.at, voice=voice)
        serving = AgentSocket(agent, clock=self._clock, record=self._record)
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: serving, local_addr=(settings.host, settings.port)
            )
        except OSError as error:
            raise _no_socket(settings, error) from error
        self._open.push_async_callback(serving.close)
        self.places.access_points[settings.asset] = _host_port(transport.get_extra_info("sockname"))

    def _lamp_meter(self, settings: LampMeterSettings) -> Pzem004t:
        lamp = Lamp(
            rated_w=settings.rated_w,
            power_factor=settings.power_factor,
            is_dark=self._sky.is_dark,
            start_s=self._start_s,
            seed=self._seed(settings.asset, "lamp"),
        )
        voice = self._voice(settings.asset, settings.faults)
        return Pzem004t(settings, load=lamp.at, voice=voice)

    def _bin_sensor(self, settings: BinSensorSettings) -> A02yyuw | Maxbotix:
        waste_bin = Bin(
            depth_mm=settings.depth_mm,
            fill_per_h=settings.fill_per_h,
            start_s=self._start_s,
            seed=self._seed(settings.asset, "bin"),
        )
        voice = self._voice(settings.asset, settings.faults)
        if isinstance(settings, MaxbotixSettings):
            return Maxbotix(settings, distance=waste_bin.at, voice=voice)
        return A02yyuw(settings, distance=waste_bin.at, voice=voice)

    def _voice(self, asset: str, faults: FaultSettings) -> Voice:
        voice = Voice(faults, seed=self._seed(asset, "faults"))
        self._voices[asset] = voice
        return voice

    def _voice_of(self, asset: str) -> Voice:
        if asset in self._voices:
            return self._voices[asset]
        close = difflib.get_close_matches(asset, self._voices, n=1)
        hint = f"did you mean {close[0]}?" if close else "use an asset of the district file"
        raise ControlError(f"no device here is called {asset!r}", hint=hint)

    def _seed(self, asset: str, purpose: str) -> str:
        return f"{self._settings.seed}/{asset}/{purpose}"

    def _start(self, serving: Coroutine[None, None, None], *, name: str) -> None:
        self._tasks.append(asyncio.create_task(serving, name=name))

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._open.aclose()


def _no_socket(settings: CameraSettings | AccessPointSettings, error: OSError) -> PortError:
    return PortError(
        f"{settings.asset} cannot listen on {settings.host}:{settings.port}: {error.strerror}",
        hint="use port = 0 for a free one, and a host that is this machine's",
    )


def _host_port(name: tuple[str, int]) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
