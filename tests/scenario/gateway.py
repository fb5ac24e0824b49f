"""One gateway of the district: the production judges and LoRaWAN drivers, asked by hand."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from agent.clock import FakeClock, Sight
from agent.drivers.chirpstack import Inbox, Uplink
from agent.drivers.driver import Driver, Observation
from agent.drivers.place import LorawanPlace
from agent.drivers.registry import build
from agent.drivers.unread import Unread
from agent.errors import AgentError, DeviceError, LineGone
from agent.events.building import learned_of, topology, watched_assets
from agent.events.light import Daylight
from agent.events.line_watch import LineWatch
from agent.events.watch import Watch, WatchedAsset
from agent.learned import Learned
from agent.reachability import Reachability
from agent.tap import Traffic
from contract.devices import Device
from contract.identity import AssetId, GatewayId, Kind
from contract.limits import AccessPointLimits, Bin, Feeder, Lamp, Site
from contract.lorawan_devices import DraginoLdds, Em400, LorawanDevice
from contract.readings import Event, Phase
from tests.scenario.district import EMPTY_MM, FULL_MM, LAMP_W, LAMPS, MINUTE_MS, RADIO, District
from tests.scenario.faults import GATEWAY
from tests.scenario.sun import LATITUDE, LONGITUDE, sun_deg

SITE = Site(latitude=LATITUDE, longitude=LONGITUDE)
BIN = Bin(empty_mm=EMPTY_MM, full_mm=FULL_MM)


def _device(asset: str, kind: Kind, fed_by: str | None = None, **limits: object) -> Device:
    return Device.model_validate(
        {"driver": "any", "asset": asset, "kind": kind, "fed_by": fed_by, **limits}
    )


LINES: Mapping[str, tuple[Device, ...]] = {
    "pju": (
        _device("PJU-01", Kind.STREETLIGHT, "FDR-01", lamp=Lamp(rated_w=LAMP_W)),
        _device("FDR-01", Kind.CABINET, "PANEL-01", feeder=Feeder(lamps=LAMPS, lamp_w=LAMP_W)),
        _device("PJU-03", Kind.STREETLIGHT, "FDR-01", lamp=Lamp(rated_w=LAMP_W), switched=True),
    ),
    "pins": (_device("PANEL-01", Kind.CABINET),),
    "bin-1": (_device("TPS-01", Kind.WASTE_BIN, bin=BIN),),
    "lorawan": (
        Em400(asset=AssetId("TPS-02"), bin=BIN, dev_eui="24e124713b123456"),
        DraginoLdds(asset=AssetId("TPS-03"), bin=BIN, dev_eui="a84041ffff000001", ds18b20=True),
    ),
    "poles": (
        _device("CAM-01", Kind.CAMERA, "SW-01"),
        _device("WIFI-01", Kind.ACCESS_POINT, "SW-01"),
        _device("WIFI-02", Kind.ACCESS_POINT),
        _device(
            "WIFI-03", Kind.ACCESS_POINT, access_point=AccessPointLimits(expects="portal")
        ),
        _device("PJU-02", Kind.STREETLIGHT, "FDR-01", lamp=Lamp(rated_w=LAMP_W, gear="dali")),
        _device("SW-01", Kind.SWITCH),
    ),
}  # fmt: skip
DEVICES = [device for devices in LINES.values() for device in devices]
SENSORS = {one.asset: one for one in DEVICES if isinstance(one, LorawanDevice)}


class Air:
    """Uplinks on their way to ChirpStack, and from there to a driver."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._inbox = Inbox(frozenset(one.dev_eui for one in SENSORS.values()))

    def send(self, asset: str, payload: bytes, count: int) -> None:
        """One report."""
        eui = SENSORS[AssetId(asset)].dev_eui
        port = 2 if isinstance(SENSORS[AssetId(asset)], DraginoLdds) else 85
        self._inbox.add(
            Uplink(
                at_ms=self._clock.boot_ms(), dev_eui=eui, port=port, count=count, data=payload,
                message=f"{eui} {count}",
            )
        )  # fmt: skip

    @property
    def unread(self) -> Unread:
        """What no driver here could read."""
        return self._inbox.unread

    async def take(self, dev_eui: str) -> list[Uplink]:
        """What came since the last call."""
        return self._inbox.take(dev_eui)

    async def close(self) -> None:
        """There is nothing to close."""


class Gateway:
    """It can be restarted; only open events and what was learned survive that."""

    topology = topology(DEVICES)

    def __init__(self, clock: FakeClock) -> None:
        self.told: list[Event] = []
        self.air = Air(clock)
        self._clock = clock
        self._count = 0
        self._open: dict[str, Event] = {}
        self._assets: list[WatchedAsset] = []
        self.restart()

    def restart(self) -> None:
        """The agent dies and starts again."""
        learned = {one.asset: learned_of(one) for one in self._assets}
        self._assets = self.watched(learned)
        self.watch = Watch(
            self._assets,
            gateway=GatewayId(GATEWAY),
            topology=self.topology,
            daylight=Daylight(
                self._clock, elevation=lambda at: sun_deg(at.timestamp()), twilight_min=45
            ),
            new_id=self._new_id,
            tell=self.tell,
            open_events=tuple(self._open.values()),
        )
        self.watch.start(LINES, self._clock.boot_ms())
        self._lines = {name: self._line(name, devices) for name, devices in LINES.items()}
        place = LorawanPlace(clock=self._clock, stack=self.air, traffic=Traffic())
        self._drivers = {one.asset: build(one, place) for one in SENSORS.values()}

    def watched(self, learned: Mapping[AssetId, Learned]) -> list[WatchedAsset]:
        """What a broken build would change."""
        return list(watched_assets(DEVICES, learned))

    def tell(self, event: Event) -> None:
        """One event, sealed at once."""
        self.told.append(event)
        if event.phase is Phase.BEGIN:
            self._open[event.id] = event
        else:
            self._open.pop(event.id)

    def hear(self, district: District) -> None:
        """The sensors report whether or not the agent runs; ChirpStack keeps nothing for it."""
        for asset in RADIO:
            payload = district.report(asset)
            if payload is not None:
                self.air.send(asset, payload, district.minute)

    def round(self, district: District) -> None:
        """Every device is asked, line by line."""
        at_ms = self._clock.boot_ms()
        for devices, watched in self._lines.values():
            gone = ""
            for one in devices:
                if one.is_due(at_ms):
                    gone = self._ask(one, district, at_ms) or gone
            watched.round_ended(at_ms, gone=gone)

    def _ask(self, one: Reachability, district: District, at_ms: int) -> str:
        try:
            seen = self._answer(one.asset, district)
        except DeviceError as error:
            one.failed(error, str(error), tick_ms=at_ms)
        except LineGone as error:
            one.failed(error, str(error), tick_ms=at_ms)
            one.retry_soon()
            return str(error)
        else:
            if seen or one.heard:
                one.answered()
            self.watch.saw(one.asset, seen, at_ms)
        return ""

    def _answer(self, asset: AssetId, district: District) -> tuple[Observation, ...]:
        if asset in self._drivers:
            return _read(self._drivers[asset])
        answer = district.answer(asset)
        if isinstance(answer, AgentError):
            raise answer
        return answer

    def _line(self, name: str, devices: Sequence[Device]) -> tuple[list[Reachability], LineWatch]:
        reached = [
            Reachability(
                asset=device.asset,
                kind=device.kind,
                unreachable_after=device.unreachable_after,
                interval_ms=MINUTE_MS,
                lost=self.watch.is_lost(device.asset),
                report_ms=round(1_000 * device.reports_every_s),
                controller=device.controller,
            )
            for device in devices
        ]
        return reached, LineWatch(name, reached, self.watch)

    def _new_id(self) -> str:
        self._count += 1
        return f"e-{self._count}"


def sight_of(origin_ms: int) -> Sight:
    """UTC as somebody vouches for it."""
    return Sight(origin_ms=origin_ms, uncertainty_ms=10)


def _read(driver: Driver) -> tuple[Observation, ...]:
    """A driver whose stack has everything at hand never waits."""
    reading: Coroutine[Any, Any, tuple[Observation, ...]] = driver.read()
    try:
        reading.send(None)
    except StopIteration as done:
        return tuple(done.value)
    raise AssertionError("the driver waits for something")
