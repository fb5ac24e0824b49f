"""A sampler on a fake clock, with drivers that follow a script."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count

import pytest

from agent.clock import FakeClock
from agent.drivers.driver import Driver, Observation
from agent.errors import DeviceSilent, LineGone
from agent.events.causes import Topology
from agent.events.light import Daylight
from agent.events.watch import Watch, WatchedAsset
from agent.lines import Line, WatchedDevice
from agent.reachability import Reachability
from agent.round import Round
from agent.sampler import Sampler
from contract.event_types import EventType
from contract.identity import AssetId, GatewayId, Kind
from contract.readings import Event, Phase

START_MS = 5_000
INTERVAL_MS = 10_000


class Ticks:
    """Time that moves from one awaited moment to the next when the test says so."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    async def wait_until(self, boot_ms: int) -> None:
        if boot_ms <= self._clock.now_ms:
            return
        moment: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((boot_ms, moment))
        await moment

    async def run_to(self, boot_ms: int) -> None:
        await self._settle()
        while due := [item for item in self._waiting if item[0] <= boot_ms]:
            first = min(due, key=lambda item: item[0])
            self._waiting.remove(first)
            self._clock.now_ms = max(self._clock.now_ms, first[0])
            if not first[1].done():
                first[1].set_result(None)
            await self._settle()
        self._clock.now_ms = max(self._clock.now_ms, boot_ms)

    async def _settle(self) -> None:
        for _ in range(40):
            await asyncio.sleep(0)


class ScriptedDriver:
    """Takes `takes_ms` for each answer of the script; the last one is repeated, None is nothing."""

    def __init__(
        self,
        clock: FakeClock,
        script: Iterable[float | Exception | None],
        *,
        wait_until: Callable[[int], Awaitable[None]] | None = None,
        takes_ms: int = 50,
    ) -> None:
        self.asked_ms: list[int] = []
        self._clock = clock
        self._script = list(script)
        self._ticks = wait_until
        self._takes_ms = takes_ms

    async def read(self) -> tuple[Observation, ...]:
        self.asked_ms.append(self._clock.now_ms)
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if self._ticks is None:
            self._clock.now_ms += self._takes_ms
        else:
            await self._ticks(self._clock.now_ms + self._takes_ms)
        if isinstance(answer, Exception):
            raise answer
        return () if answer is None else (Observation(quantity="voltage", value=answer),)


class Freezing:
    """A driver in whose first read the whole process stands still for seven seconds."""

    def __init__(self, bench: "Bench", driver: Driver) -> None:
        self._bench = bench
        self._driver = driver

    async def read(self) -> tuple[Observation, ...]:
        if not self._bench.stood_s:
            self._bench.stood_s = 7.0
        return await self._driver.read()


class Bench:
    """A sampler on a fake clock."""

    def __init__(self) -> None:
        self.clock = FakeClock(boot_ms=START_MS)
        self.ticks = Ticks(self.clock)
        self.round = Round()
        self.stood_s = 0.0
        self.events: list[Event] = []
        self.open_events: list[Event] = []
        self._ids = count(1)

    def line(self, name: str, drivers: Mapping[str, Driver], *, workers: int = 1) -> Line:
        devices = [
            WatchedDevice(
                driver=driver,
                reachability=self.reachability(AssetId(asset)),
                turn=asyncio.Lock(),
            )
            for asset, driver in drivers.items()
        ]
        return Line(name=name, interval_ms=INTERVAL_MS, workers=workers, devices=devices)

    def _watch_of(self, lines: Sequence[Line]) -> Watch:
        reached = [device.reachability for line in lines for device in line.devices]
        watch = Watch(
            [WatchedAsset(asset=one.asset, kind=one.kind) for one in reached],
            gateway=GatewayId("bb-0001"),
            topology=Topology({}),
            daylight=Daylight(self.clock, elevation=None, twilight_min=0),
            new_id=lambda: f"event-{next(self._ids)}",
            tell=self.events.append,
            open_events=self.open_events,
        )
        watch.start([line.name for line in lines], self.clock.now_ms)
        return watch

    def reachability(self, asset: AssetId, interval_ms: int = INTERVAL_MS) -> Reachability:
        return Reachability(
            asset=asset,
            kind=Kind.STREETLIGHT,
            unreachable_after=3,
            interval_ms=interval_ms,
            lost=any(event.asset == asset for event in self.open_events),
        )

    def was_open(self, kind: EventType, asset: str, detail: str = "") -> None:
        """An event that began before this start."""
        event = Event(
            id=f"old-{kind}", asset=AssetId(asset), kind=Kind.STREETLIGHT, type=kind,
            phase=Phase.BEGIN, at_ms=0, detail=detail,
        )  # fmt: skip
        self.open_events.append(event)

    def driver(self, *script: float | Exception | None, takes_ms: int = 50) -> ScriptedDriver:
        return ScriptedDriver(self.clock, script, takes_ms=takes_ms)

    def slow_driver(self, *script: float | Exception, takes_ms: int) -> ScriptedDriver:
        return ScriptedDriver(
            self.clock, script, wait_until=self.ticks.wait_until, takes_ms=takes_ms
        )

    @asynccontextmanager
    async def running(self, *lines: Line) -> AsyncIterator[Sampler]:
        sampler = Sampler(
            list(lines),
            clock=self.clock,
            round=self.round,
            watch=self._watch_of(lines),
            wait_until=self.ticks.wait_until,
            now_s=lambda: asyncio.get_running_loop().time() + self.stood_s,
        )
        task = asyncio.create_task(sampler.run())
        try:
            yield sampler
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


def silent() -> DeviceSilent:
    return DeviceSilent("unit 1 gave no answer within 300 ms")


def gone() -> LineGone:
    return LineGone("the serial port /dev/ttyUSB0 is missing", hint="plug the adapter in")
