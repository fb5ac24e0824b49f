"""The lines of the settings: their devices with drivers, and when each is to be asked."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent.clock import Clock
from agent.drivers import registry
from agent.drivers.driver import Driver
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.place import LorawanPlace, NetworkPlace, PinPlace, SerialPlace
from agent.drivers.resolver import Resolver
from agent.drivers.unread import Unread
from agent.line import Port
from agent.reachability import Reachability
from agent.tap import Tap, Traffic
from contract.devices import Device
from contract.identity import AssetId, BootId, Kind
from contract.settings import (
    OWN_LINE,
    AgentSettings,
    LorawanLine,
    NetworkLine,
    PinsLine,
    SerialLine,
)

MAX_SIDE_BY_SIDE = 32


class Closing(Protocol):
    """What a line holds open and gives back."""

    async def close(self) -> None:
        """Give it back to the system."""
        ...


@dataclass(slots=True, kw_only=True)
class WatchedDevice:
    """A device's driver, and whether it answers; who holds its turn may ask it."""

    driver: Driver
    reachability: Reachability
    turn: asyncio.Lock
    traffic: Traffic = field(default_factory=Traffic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What a serial line is asked through, by whoever holds `turn`."""

    port: str
    baud: int
    master: RtuMaster
    turn: asyncio.Lock


@dataclass(slots=True, kw_only=True)
class Line:
    """Devices that share a schedule; `workers` of them are read at once."""

    name: str
    interval_ms: int
    workers: int
    devices: list[WatchedDevice]
    opened: tuple[Closing, ...] = ()
    wire: Wire | None = None
    unread: Unread | None = None
    eui_names: Mapping[str, AssetId] = field(default_factory=dict)
    gone: str = ""
    tried: int = 0
    failed: int = 0

    def faults(self) -> Iterator[str]:
        """What is wrong with the line itself, a sentence each."""
        if self.gone:
            yield f"line {self.name}: {self.gone}"
        elif self.unread is not None:
            yield from self.unread.faults(self.eui_names)

    def due(self, tick_ms: int) -> list[WatchedDevice]:
        """Who is to be asked now: those that answer, then those overdue the longest."""
        due = [device for device in self.devices if device.reachability.is_due(tick_ms)]
        return sorted(due, key=lambda d: (d.reachability.unreachable, d.reachability.due_ms))

    async def close(self) -> None:
        """Give back what is open; the next read opens it again."""
        for one in self.opened:
            await one.close()


def build_lines(
    settings: AgentSettings,
    *,
    clock: Clock,
    boot: BootId | None = None,
    is_lost: Callable[[AssetId], bool] = lambda _: False,
    open_port: Callable[[SerialLine], Port] = registry.open_port,
) -> list[Line]:
    """The lines of the settings, nothing opened yet.

    `is_lost` says which devices were unreachable before this start. Refused logins are kept on the
    card with the `boot` whose clock counts their hour.
    """
    card = Path(settings.gateway.data_dir)
    making = _Making(clock=clock, boot=boot, card=card, is_lost=is_lost)
    lines = [
        *(making.serial_line(line, open_port(line)) for line in settings.serial),
        *(making.network_line(line) for line in settings.network),
        *(making.lorawan_line(line) for line in settings.lorawan),
        *(making.pins_line(line) for line in settings.pins),
    ]
    return [*lines, making.own_line(settings, lines)] if settings.health.enabled else lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    clock: Clock
    boot: BootId | None
    card: Path
    is_lost: Callable[[AssetId], bool]

    def serial_line(self, line: SerialLine, port: Port) -> Line:
        traffic = Traffic()
        tap = Tap(port, traffic)
        master = RtuMaster(tap, baud=line.baud, clock=self.clock)
        place = SerialPlace(port=tap, master=master, clock=self.clock)
        turn = asyncio.Lock()
        interval_ms = _ms(line.read_interval_s)
        devices = [
            self._watch(device, registry.build(device, place), turn, traffic, interval_ms)
            for device in line.device
        ]
        return Line(
            name=line.name,
            interval_ms=interval_ms,
            workers=1,
            devices=devices,
            opened=(tap,),
            wire=Wire(port=line.port, baud=line.baud, master=master, turn=turn),
        )

    def network_line(self, line: NetworkLine) -> Line:
        from agent.drivers.account import Accounts  # noqa: PLC0415 only a network has logins
        from agent.drivers.login_pause import LoginPauses  # noqa: PLC0415

        pauses = LoginPauses(self.clock, path=self.card / "login-pauses.json", boot=self.boot)
        resolver, accounts, turn = Resolver(), Accounts(pauses), asyncio.Lock()
        interval_ms = _ms(line.read_interval_s)
        devices = []
        for device in line.device:
            place = NetworkPlace(
                clock=self.clock,
                resolver=resolver,
                accounts=accounts,
                pauses=pauses,
                picture_turn=turn,
                traffic=Traffic(),
            )
            driver = registry.build(device, place)
            devices.append(self._watch(device, driver, asyncio.Lock(), place.traffic, interval_ms))
        workers = min(MAX_SIDE_BY_SIDE, len(devices))
        return Line(name=line.name, interval_ms=interval_ms, workers=workers, devices=devices)

    def lorawan_line(self, line: LorawanLine) -> Line:
        stack = registry.open_stack(line, self.clock)
        interval_ms = _ms(line.read_interval_s)
        devices = []
        for device in line.device:
            place = LorawanPlace(clock=self.clock, stack=stack, traffic=Traffic())
            driver = registry.build(device, place)
            devices.append(self._watch(device, driver, asyncio.Lock(), place.traffic, interval_ms))
        return Line(
            name=line.name,
            interval_ms=interval_ms,
            workers=1,
            devices=devices,
            opened=(stack,),
            unread=stack.unread,
            eui_names={device.dev_eui: device.asset for device in line.device},
        )

    def pins_line(self, line: PinsLine) -> Line:
        from agent.drivers.pin_bank import PinBank, load_factory  # noqa: PLC0415 few have any

        bank = PinBank(lambda: load_factory(line))
        interval_ms, turn = _ms(line.read_interval_s), asyncio.Lock()
        devices = [
            self._watch(
                device, registry.build(device, PinPlace(bank=bank)), turn, Traffic(), interval_ms
            )
            for device in line.device
        ]
        return Line(
            name=line.name, interval_ms=interval_ms, workers=1, devices=devices, opened=(bank,)
        )

    def own_line(self, settings: AgentSettings, others: list[Line]) -> Line:
        from agent.drivers.gateway_health import GatewayHealthDriver  # noqa: PLC0415

        driver = GatewayHealthDriver(
            root=Path("/"),
            data_dir=self.card,
            clock=self.clock,
            counts=lambda: (sum(one.tried for one in others), sum(one.failed for one in others)),
        )
        interval_ms = _ms(settings.health.interval_s)
        asset = AssetId(settings.gateway.id)
        reachability = Reachability(
            asset=asset, kind=Kind.GATEWAY, unreachable_after=3, interval_ms=interval_ms
        )
        itself = WatchedDevice(driver=driver, reachability=reachability, turn=asyncio.Lock())
        return Line(name=OWN_LINE, interval_ms=interval_ms, workers=1, devices=[itself])

    def _watch(
        self,
        device: Device,
        driver: Driver,
        turn: asyncio.Lock,
        traffic: Traffic,
        interval_ms: int,
    ) -> WatchedDevice:
        reachability = Reachability(
            asset=device.asset,
            kind=device.kind,
            unreachable_after=device.unreachable_after,
            interval_ms=interval_ms,
            lost=self.is_lost(device.asset),
            report_ms=_ms(device.reports_every_s),
            controller=device.controller,
        )
        return WatchedDevice(driver=driver, reachability=reachability, turn=turn, traffic=traffic)


def _ms(seconds: float) -> int:
    return round(seconds * 1_000)
