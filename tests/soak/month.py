"""Days of one gateway in one process and in its own time, through the agent's own parts."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.diary import Diary
from agent.drivers.driver import Observation
from agent.errors import DeviceSilent
from agent.events.building import topology, watched_assets
from agent.events.light import Daylight
from agent.events.watch import Watch
from agent.lines import Line, WatchedDevice
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from agent.outbox.runway import Runway
from agent.reachability import Reachability
from agent.round import Round
from agent.sampler import Sampler
from agent.sealer import Sealer
from agent.status import Reporter
from agent.sync import Synchroniser
from agent.uplink import Uplink
from contract.devices import Device
from contract.identity import AssetId, BootId, City, Epoch, GatewayId, Kind
from contract.messages import Counts
from contract.readings import Event, Phase
from contract.settings import AgentSettings
from contract.topics import Topics
from tests.simulation.loopless import at_once
from tests.soak.city import City as FarCity
from tests.soak.city import Cut
from tests.soak.footprint import Sample, sample
from tests.soak.virtual import VirtualClock, VirtualLoop

NONE = Counts()
BAUBAU, GATEWAY, BOOT = City("baubau"), GatewayId("bb-0001"), BootId("b" * 16)
ORIGIN_MS = 1_795_000_000_000
HOUR_S, DAY_S, DRAIN_S = 3_600.0, 86_400.0, 600.0
INTERVAL_MS = 10_000
METERS, SILENT_HOUR = 10, 1
QUANTITIES = (
    "voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "current_l3",
    "active_power_l1", "active_power_l2", "active_power_l3", "total_active_power", "voltage",
    "current", "active_power", "active_energy", "exported_energy", "apparent_power",
    "reactive_power", "power_factor", "frequency", "temperature",
)  # fmt: skip


@dataclass(slots=True)
class Life:
    """What came of it."""

    samples: list[Sample] = field(default_factory=list)
    sealed: Counts = NONE
    waiting: Counts = NONE
    lost: Counts = NONE
    events: int = 0


class Meter:
    """Twenty values, and one hour of silence a day."""

    def __init__(self, number: int, clock: VirtualClock, chance: random.Random) -> None:
        self._number = number
        self._clock = clock
        self._chance = chance

    async def read(self) -> tuple[Observation, ...]:
        """At once; raises DeviceSilent in its hour."""
        hour = self._clock.boot_ms() / 3_600_000 % 24
        if self._number == 0 and SILENT_HOUR <= hour < SILENT_HOUR + 1:
            raise DeviceSilent("no answer within 300 ms")
        value = self._chance.random()
        return tuple(
            Observation(quantity=quantity, value=round(value * at, 1))
            for at, quantity in enumerate(QUANTITIES, 1)
        )


def cuts_of(days: float) -> Iterator[Cut]:
    """An hour each day, and three days together in a longer life."""
    for day in range(int(days) + 1):
        yield day * DAY_S + 2 * HOUR_S, day * DAY_S + 3 * HOUR_S
    if days >= 10:
        yield days / 4 * DAY_S, (days / 4 + 3) * DAY_S


def live(folder: Path, days: float, *, every_hours: float, say: Callable[[str], None]) -> Life:
    """So many days; `folder` is the card."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(_live(loop, folder, days, every_hours, say))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _live(
    loop: VirtualLoop, folder: Path, days: float, every_hours: float, say: Callable[[str], None]
) -> Life:
    clock, life = VirtualClock(loop, origin_ms=ORIGIN_MS), Life()
    settings = AgentSettings.model_validate(
        {"gateway": {"city": BAUBAU, "id": GATEWAY, "data_dir": str(folder)},
         "broker": {"host": "far", "ca_file": "/", "cert_file": "/", "key_file": "/"},
         "outbox": {"budget_mb": 64, "reserve_free_mb": 8}}
    )  # fmt: skip
    file, contents = open_outbox(
        folder / "outbox.db", gateway=GATEWAY, epoch=Epoch("e" * 16), boot=BOOT
    )
    outbox = Outbox(
        file, contents, gateway=GATEWAY, budget_bytes=settings.outbox.budget_mb << 20,
        reserve_bytes=settings.outbox.reserve_free_mb << 20, in_thread=at_once,
    )  # fmt: skip
    try:
        async with asyncio.TaskGroup() as tasks:
            parts = _Parts(settings, outbox, clock, runway=Runway(
                outbox=outbox, file=file, in_thread=at_once, settings=settings
            ), cuts=tuple(cuts_of(days)), folder=folder)  # fmt: skip
            running = [
                tasks.create_task(part) for part in (parts.sampler.run(), parts.sealer.run())
            ]
            sending = tasks.create_task(parts.sync.run())
            while loop.now_s < days * DAY_S:
                await asyncio.sleep(every_hours * HOUR_S)
                life.samples.append(sample(loop.now_s / DAY_S))
                clock.origin_ms += 300 if int(loop.now_s / DAY_S) % 2 else -300
                say(f"day {life.samples[-1].day:.2f}: {life.samples[-1].resident_mib:.2f} MiB")
            for task in running:
                task.cancel()
            await parts.sealer.finish()
            await asyncio.sleep(DRAIN_S)
            sending.cancel()
        waiting = await outbox.waiting()
    finally:
        file.close()
    life.sealed, life.waiting = outbox.ledger.current.counts, waiting.counts
    lost = (gone.counts for gone in outbox.ledger.current.gone if gone.state == "lost")
    life.lost = sum(lost, NONE)
    life.events = parts.events
    return life


class _Parts:
    """An agent's, wired as `agent.app` wires them, with meters that need no line."""

    def __init__(
        self,
        settings: AgentSettings,
        outbox: Outbox,
        clock: VirtualClock,
        *,
        runway: Runway,
        cuts: tuple[Cut, ...],
        folder: Path,
    ) -> None:
        self.events = 0
        chance = random.Random(0)
        topics, uplink = Topics(BAUBAU), Uplink(outbox.ledger, settings.uplink, jitter=_even)
        diary = Diary(folder / "agent.diary", boot=BOOT, boot_ms=clock.boot_ms)
        self._round = Round()
        reporter = Reporter(
            outbox=outbox, clock=clock, started_ms=0, faults=self._faults,
            runway=runway.days, log=diary.lines,
        )  # fmt: skip
        self.sync = Synchroniser(
            connector=FarCity(BAUBAU, GATEWAY, cuts), outbox=outbox, uplink=uplink, topics=topics,
            settings=settings.uplink, status=reporter.status,
            now_s=lambda: clock.boot_ms() / 1_000, jitter=_even,
        )  # fmt: skip
        self.sealer = Sealer(
            outbox=outbox, round_=self._round, clock=clock, interval_s=INTERVAL_MS / 1_000,
            ballast=folder / "ballast", open_events=(), told=self.sync.sealed,
            restate=self.sync.restate, learned=dict,
        )  # fmt: skip
        devices = tuple(_device(number) for number in range(METERS))
        watch = Watch(
            list(watched_assets(devices, {})), gateway=GATEWAY, topology=topology(devices),
            daylight=Daylight(clock, elevation=lambda _: 40.0, twilight_min=45),
            new_id=lambda: f"e-{self.events}", tell=self._tell, open_events=(),
        )  # fmt: skip
        watch.start({"feeders": devices}, clock.boot_ms())
        line = _line(devices, clock, chance)
        self.sampler = Sampler([line], clock=clock, round=self._round, watch=watch)

    def _faults(self) -> list[str]:
        return self.sampler.faults()

    def _tell(self, event: Event) -> None:
        self.events += event.phase is Phase.BEGIN
        self.sealer.tell(event)


def _device(number: int) -> Device:
    asset = f"PANEL-{number:02}"
    return Device.model_validate({"driver": "any", "asset": asset, "kind": Kind.CABINET})


def _line(devices: tuple[Device, ...], clock: VirtualClock, chance: random.Random) -> Line:
    return Line(
        name="feeders",
        interval_ms=INTERVAL_MS,
        workers=1,
        devices=[
            WatchedDevice(
                driver=Meter(number, clock, chance),
                turn=asyncio.Lock(),
                reachability=Reachability(
                    asset=AssetId(device.asset), kind=device.kind,
                    unreachable_after=device.unreachable_after, interval_ms=INTERVAL_MS,
                ),
            )
            for number, device in enumerate(devices)
        ],
    )  # fmt: skip


def _even() -> float:
    return 1.0
