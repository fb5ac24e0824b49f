"""The lines of the settings: their devices with drivers, and when each is to be asked."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.clock import Clock
from agent.drivers import registry
from agent.drivers.driver import Driver
from agent.line import Port
from agent.reachability import Reachability
from agent.tap import Tap
from contract.identity import AssetId
from contract.settings import AgentSettings, NetworkLine, SerialLine

MAX_SIDE_BY_SIDE = 32


@dataclass(slots=True, kw_only=True)
class WatchedDevice:
    """A device's driver, and whether it answers; who holds its turn may ask it."""

    driver: Driver
    reachability: Reachability
    turn: asyncio.Lock


@dataclass(slots=True, kw_only=True)
class Line:
    """Devices that share a schedule; `workers` of them are read at once."""

    name: str
    interval_ms: int
    workers: int
    devices: list[WatchedDevice]
    port: Tap | None = None
    gone: str = ""

    def due(self, tick_ms: int) -> list[WatchedDevice]:
        """Who is to be asked now: those that answer, then those overdue the longest."""
        due = [device for device in self.devices if device.reachability.is_due(tick_ms)]
        return sorted(due, key=lambda d: (d.reachability.unreachable, d.reachability.due_ms))


def build_lines(
    settings: AgentSettings,
    *,
    clock: Clock,
    new_id: Callable[[], str],
    open_events: Mapping[AssetId, str] | None = None,
    open_port: Callable[[SerialLine], Port] = registry.open_port,
) -> list[Line]:
    """The lines of the settings, nothing opened yet.

    `open_events` names, by asset, the unreachable events that began before this start.
    """
    known = open_events or {}
    lines = [_serial_line(line, open_port(line), clock, new_id, known) for line in settings.serial]
    return lines + [_network_line(line, clock, new_id, known) for line in settings.network]


def _serial_line(
    line: SerialLine,
    port: Port,
    clock: Clock,
    new_id: Callable[[], str],
    open_events: Mapping[AssetId, str],
) -> Line:
    tap = Tap(port)
    drivers = registry.serial_drivers(line, port=tap, clock=clock)
    turn = asyncio.Lock()
    devices = _watch(line, drivers, [turn] * len(drivers), new_id, open_events)
    return Line(
        name=line.name,
        interval_ms=round(line.read_interval_s * 1_000),
        workers=1,
        devices=devices,
        port=tap,
    )


def _network_line(
    line: NetworkLine,
    clock: Clock,
    new_id: Callable[[], str],
    open_events: Mapping[AssetId, str],
) -> Line:
    drivers = registry.network_drivers(line.device, clock=clock)
    turns = [asyncio.Lock() for _ in drivers]
    devices = _watch(line, drivers, turns, new_id, open_events)
    return Line(
        name=line.name,
        interval_ms=round(line.read_interval_s * 1_000),
        workers=min(MAX_SIDE_BY_SIDE, len(devices)),
        devices=devices,
    )


def _watch(
    line: SerialLine | NetworkLine,
    drivers: list[Driver],
    turns: list[asyncio.Lock],
    new_id: Callable[[], str],
    open_events: Mapping[AssetId, str],
) -> list[WatchedDevice]:
    return [
        WatchedDevice(
            driver=driver,
            reachability=Reachability(
                asset=device.asset,
                kind=device.kind,
                unreachable_after=device.unreachable_after,
                interval_ms=round(line.read_interval_s * 1_000),
                new_id=new_id,
                open_event=open_events.get(device.asset),
            ),
            turn=turn,
        )
        for device, driver, turn in zip(line.device, drivers, turns, strict=True)
    ]
