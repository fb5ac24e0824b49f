"""All devices of a district stand and answer while its `async with` block runs."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_sim.answers import NoRecord, Record
from firmware_sim.camera.server import open_camera, open_web
from firmware_sim.clock import Clock, SystemClock
from firmware_sim.ground import Ground
from firmware_sim.modbus.tcp import open_modbus_tcp
from firmware_sim.pins.server import open_pins
from firmware_sim.serial.opening import open_line
from firmware_sim.settings import DistrictSettings
from firmware_sim.switch.poe import open_switch
from firmware_sim.wifi.access_point import open_access_point
from firmware_sim.wifi.hotspot import open_hotspot
from firmware_sim.wifi.routeros import open_routeros


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where drivers find the devices: name to path for lines and pins, host:port for the rest."""

    lines: dict[str, str] = field(default_factory=dict)
    cameras: dict[str, str] = field(default_factory=dict)
    camera_webs: dict[str, str] = field(default_factory=dict)
    access_points: dict[str, str] = field(default_factory=dict)
    routers: dict[str, dict[str, str]] = field(default_factory=dict)
    hotspots: dict[str, dict[str, str]] = field(default_factory=dict)
    modbus_tcp: dict[str, str] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    lorawan: dict[str, str] = field(default_factory=dict)
    switches: dict[str, str] = field(default_factory=dict)


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
        self._ground = Ground(
            settings,
            directory=directory,
            clock=clock or SystemClock(),
            record=record or NoRecord(),
        )
        self.places = Places()

    async def __aenter__(self) -> Self:
        """Everything listens when this returns; raises PortError when something cannot."""
        try:
            await self._open()
        except BaseException:
            await self._ground.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._ground.close()

    async def serve(self) -> None:
        """Returns never; raises what a device died of."""
        if self._ground.tasks:
            done, _ = await asyncio.wait(self._ground.tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        await asyncio.Event().wait()

    def fault(self, asset: str, name: str) -> None:
        """From now on it is broken so; raises ControlError for a stranger or another's fault."""
        self._ground.faults_of(asset).begin(name)

    def mend(self, asset: str, name: str) -> None:
        """That is over; raises ControlError for a stranger or another's fault."""
        self._ground.faults_of(asset).end(name)

    async def _open(self) -> None:
        ground, places = self._ground, self.places
        for line in self._settings.lines:
            places.lines[line.name] = await open_line(line, ground)
        for camera in self._settings.cameras:
            places.cameras[camera.asset] = await open_camera(camera, ground)
            places.camera_webs[camera.asset] = await open_web(camera, ground)
        for point in self._settings.access_points:
            places.access_points[point.asset] = await open_access_point(point, ground)
        for router in self._settings.routers:
            places.routers[router.asset] = await open_routeros(router, ground)
        for hotspot in self._settings.hotspots:
            places.hotspots[hotspot.asset] = await open_hotspot(hotspot, ground)
        for switch in self._settings.switches:
            places.switches[switch.asset] = await open_switch(switch, ground)
        for section in self._settings.modbus_tcp:
            places.modbus_tcp[section.name] = await open_modbus_tcp(section, ground)
        for pins in self._settings.pins:
            places.pins[pins.name] = await open_pins(pins, ground)
        if self._settings.lorawan:
            await self._open_lorawan()

    async def _open_lorawan(self) -> None:
        from firmware_sim.lorawan.network_server import open_lorawan  # noqa: PLC0415 needs aiomqtt

        for section in self._settings.lorawan:
            self.places.lorawan[section.name] = await open_lorawan(section, self._ground)
