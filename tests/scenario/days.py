"""Thirty simulated days of one gateway: faults at random, and a judge of what was told."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.clock import FakeClock, Sight
from agent.errors import DeviceError
from agent.events.building import learned_of, topology, watched_assets
from agent.events.light import daylight
from agent.events.line_watch import LineWatch
from agent.events.watch import Watch, WatchedAsset
from agent.learned import Learned
from agent.reachability import Reachability
from contract.devices import Device
from contract.event_types import EventType
from contract.identity import AssetId, GatewayId, Kind
from contract.limits import Bin, Feeder, Lamp, Site
from contract.readings import Event, Phase
from tests.scenario.district import EMPTY_MM, FULL_MM, LAMP_W, LAMPS, MINUTE_MS, START, District
from tests.scenario.faults import FAULTS, GATEWAY, Fault, lamps_out

DAYS = 30
DAY_MIN = 1_440
NIGHT_DEG, DAY_DEG = -14.0, 14.0  # well away from the twilight
WINDOW_MIN = 250  # of night or day that a fault's longest life needs
COLLECTED_MIN = 45  # two confirmed reports
START_MS = 600_000
SITE = Site(latitude=-5.47, longitude=122.63)
NEVER = 1 << 60


def _device(asset: str, kind: Kind, fed_by: str | None = None, **limits: object) -> Device:
    return Device.model_validate(
        {"driver": "any", "asset": asset, "kind": kind, "fed_by": fed_by, **limits}
    )


LINES: dict[str, tuple[Device, ...]] = {
    "pju": (
        _device("PJU-01", Kind.STREETLIGHT, "FDR-01", lamp=Lamp(rated_w=LAMP_W)),
        _device("FDR-01", Kind.CABINET, "PANEL-01", feeder=Feeder(lamps=LAMPS, lamp_w=LAMP_W)),
    ),
    "pins": (_device("PANEL-01", Kind.CABINET),),
    "bin-1": (_device("TPS-01", Kind.WASTE_BIN, bin=Bin(empty_mm=EMPTY_MM, full_mm=FULL_MM)),),
    "lorawan": (_device("TPS-02", Kind.WASTE_BIN, bin=Bin(empty_mm=EMPTY_MM, full_mm=FULL_MM)),),
    "poles": (
        _device("CAM-01", Kind.CAMERA, "SW-01"),
        _device("WIFI-01", Kind.ACCESS_POINT, "SW-01"),
        _device("WIFI-02", Kind.ACCESS_POINT),
        _device("PJU-02", Kind.STREETLIGHT, "FDR-01", lamp=Lamp(rated_w=LAMP_W, gear="dali")),
        _device("SW-01", Kind.SWITCH),
    ),
}
DEVICES = [device for devices in LINES.values() for device in devices]


class Gateway:
    """The production judges of one gateway; it can be restarted."""

    topology = topology(DEVICES)

    def __init__(self, clock: FakeClock) -> None:
        self.told: list[Event] = []
        self._clock = clock
        self._count = 0
        self._open: dict[str, Event] = {}
        self._assets: list[WatchedAsset] = []
        self.restart()

    def restart(self) -> None:
        """Only open events and what was learned survive."""
        learned = {AssetId(one.asset): learned_of(one) for one in self._assets}
        self._assets = list(watched_assets(DEVICES, learned or dict[AssetId, Learned]()))
        self.watch = Watch(
            self._assets,
            gateway=GatewayId(GATEWAY),
            topology=self.topology,
            daylight=daylight(self._clock, SITE),
            new_id=self._new_id,
            tell=self._tell,
            open_events=tuple(self._open.values()),
        )
        self.watch.start(LINES, self._clock.boot_ms())
        self._lines = {name: self._line(name, devices) for name, devices in LINES.items()}

    def round(self, district: District) -> None:
        """Every device is asked, line by line."""
        at_ms = self._clock.boot_ms()
        for devices, watched in self._lines.values():
            for one in devices:
                if one.is_due(at_ms):
                    self._ask(one, district, at_ms)
            watched.round_ended(at_ms)

    def _ask(self, one: Reachability, district: District, at_ms: int) -> None:
        answer = district.answer(one.asset)
        if isinstance(answer, DeviceError):
            one.failed(answer, str(answer), tick_ms=at_ms)
        else:
            one.answered()
            self.watch.saw(one.asset, answer, at_ms)

    def _line(self, name: str, devices: Sequence[Device]) -> tuple[list[Reachability], LineWatch]:
        reached = [
            Reachability(
                asset=device.asset,
                kind=device.kind,
                unreachable_after=device.unreachable_after,
                interval_ms=MINUTE_MS,
                lost=self.watch.is_lost(device.asset),
            )
            for device in devices
        ]
        return reached, LineWatch(name, reached, self.watch)

    def _new_id(self) -> str:
        self._count += 1
        return f"e-{self._count}"

    def _tell(self, event: Event) -> None:
        self.told.append(event)
        if event.phase is Phase.BEGIN:
            self._open[event.id] = event
        else:
            self._open.pop(event.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One fault with its life, in minutes."""

    name: str
    fault: Fault
    from_min: int
    until_min: int


@dataclass(slots=True)
class Report:
    """What went wrong in the telling, a sentence each."""

    placed: list[Placed] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)


def run_days(seed: int, *, days: int = DAYS, make: type[Gateway] = Gateway) -> Report:
    """One gateway's month, judged; the same for the same seed."""
    chance = random.Random(f"days {seed}")
    district = District(seed)
    clock = FakeClock(boot_ms=START_MS)
    clock.seen = _sight()
    gateway = make(clock)
    placed: list[Placed] = []
    plan = _Plan(chance, district)
    restarts: list[int] = []
    for minute in range(days * DAY_MIN):
        clock.now_ms = START_MS + minute * MINUTE_MS
        district.step(minute)
        placed += plan.at(minute)
        if chance.random() < 1 / 2_000:
            gateway.restart()
            restarts.append(minute)
        if chance.random() < 1 / 4_000:
            clock.seen = None if clock.seen else _sight()
        gateway.round(district)
    return _judge(placed, restarts, district, gateway.told, days * DAY_MIN)


class _Plan:
    """One fault after the other, each in a light that suits it."""

    def __init__(self, chance: random.Random, district: District) -> None:
        self._chance = chance
        self._district = district
        self._now: Placed | None = None
        self._next_min = 2 * DAY_MIN  # two quiet days to learn from
        self._bag: list[str] = []
        self._fault = self._draw()

    def at(self, minute: int) -> Iterator[Placed]:
        """Begin and end faults; gives each that begins."""
        if self._now and minute >= self._now.until_min:
            self._district.mend(self._now.fault.sets, minute * MINUTE_MS)
            self._now = None
            self._next_min = minute + self._chance.randint(70, 400)
        if self._now is None and minute >= self._next_min and self._suits(minute):
            self._now = self._begin(minute)
            self._fault = self._draw()
            yield self._now

    def _draw(self) -> tuple[str, Fault]:
        if not self._bag:
            self._bag = [*FAULTS, "lamps out"]
            self._chance.shuffle(self._bag)
        name = self._bag.pop()
        return name, FAULTS[name] if name in FAULTS else lamps_out(self._chance)

    def _begin(self, minute: int) -> Placed:
        name, fault = self._fault
        life = self._chance.randint(*fault.lasts_min)
        self._district.faults |= set(fault.sets)
        self._district.lamps_out = fault.lamps
        return Placed(name=name, fault=fault, from_min=minute, until_min=minute + life)

    def _suits(self, minute: int) -> bool:
        """Faults of the night begin in its first half, so that they live in the dark."""
        when, sun_deg = self._fault[1].when, self._district.sun_deg
        local_min = (minute + 8 * 60) % DAY_MIN  # WITA
        if when == "night":
            return sun_deg < NIGHT_DEG and (local_min > 1_080 or local_min < 60)
        return when == "any" or (sun_deg > DAY_DEG and local_min < 720)


def _judge(
    placed: list[Placed],
    restarts: list[int],
    district: District,
    told: list[Event],
    end_min: int,
) -> Report:
    begun = [event for event in told if event.phase is Phase.BEGIN]
    report = Report(placed=placed)
    explained: set[str] = set()
    for one in placed:
        due_min = _due_min(one, restarts)
        found = [event for event in begun if _tells(event, one, due_min)]
        explained |= {event.id for event in found}
        if not found and due_min < end_min:
            report.missed.append(f"{one.name} at minute {one.from_min}")
    for event in begun:
        if event.id not in explained and not _is_collection(event, district, placed):
            at_min = (event.at_ms - START_MS) // MINUTE_MS
            report.false.append(f"{event.type} of {event.asset} at {at_min}: {event.detail}")
    return report


def _due_min(one: Placed, restarts: list[int]) -> int:
    """A restart begins a wait anew."""
    due_min = one.from_min + one.fault.within_min
    for restart_min in restarts:
        if one.from_min <= restart_min <= due_min:
            due_min = restart_min + one.fault.within_min
    return due_min


def _tells(event: Event, one: Placed, due_min: int) -> bool:
    at_min = (event.at_ms - START_MS) / MINUTE_MS
    in_time = one.from_min <= at_min <= due_min
    right = (event.asset, event.type) == (one.fault.asset, one.fault.event)
    return in_time and right and event.detail.startswith(one.fault.says)


def _is_collection(event: Event, district: District, placed: list[Placed]) -> bool:
    """A bin that was emptied while its sensor was at fault is found so afterwards."""
    if event.type != EventType.BIN_COLLECTED:
        return False
    at_min = (event.at_ms - START_MS) / MINUTE_MS
    lives = [(one.from_min, one.until_min) for one in placed if one.fault.asset == event.asset]
    for emptied_ms in district.bins[event.asset].emptied_ms:
        emptied_min = emptied_ms / MINUTE_MS
        due_min = emptied_min + COLLECTED_MIN
        blind = [until for begin, until in lives if begin <= due_min and until >= emptied_min]
        if emptied_min <= at_min <= max([emptied_min, *blind]) + COLLECTED_MIN:
            return True
    return False


def _sight() -> Sight:
    return Sight(origin_ms=round(START.timestamp() * 1_000) - START_MS, uncertainty_ms=10)
