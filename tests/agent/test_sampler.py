import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count, pairwise

import pytest

from agent.clock import FakeClock
from agent.drivers.driver import Driver, Observation
from agent.errors import AgentError, DeviceSilent, LineGone
from agent.events.causes import Topology
from agent.events.light import Daylight
from agent.events.watch import Watch, WatchedAsset
from agent.line import FakePort
from agent.lines import Line, WatchedDevice
from agent.live import described
from agent.reachability import Reachability
from agent.round import Round
from agent.sampler import Sampler, next_tick_ms
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


class Bench:
    """A sampler on a fake clock."""

    def __init__(self) -> None:
        self.clock = FakeClock(boot_ms=START_MS)
        self.ticks = Ticks(self.clock)
        self.round = Round()
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
        )
        task = asyncio.create_task(sampler.run())
        try:
            yield sampler
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


@pytest.fixture
def bench() -> Bench:
    return Bench()


def silent() -> DeviceSilent:
    return DeviceSilent("unit 1 gave no answer within 300 ms")


def gone() -> LineGone:
    return LineGone("the serial port /dev/ttyUSB0 is missing", hint="plug the adapter in")


@pytest.mark.parametrize(
    ("now_ms", "expected_ms"),
    [(5_050, 15_000), (14_999, 15_000), (15_000, 15_000), (15_001, 25_000), (61_000, 65_000)],
)
def test_missed_ticks_are_skipped_and_the_schedule_stays(now_ms: int, expected_ms: int) -> None:
    assert next_tick_ms(5_000, 10_000, now_ms=now_ms) == expected_ms


async def test_a_device_is_read_at_fixed_times_and_dated_when_its_answer_is_complete(
    bench: Bench,
) -> None:
    lamp = bench.driver(230.1)
    async with bench.running(bench.line("feeder", {"PJU-0001": lamp})):
        await bench.ticks.run_to(START_MS + 2 * INTERVAL_MS)
    assert lamp.asked_ms == [5_000, 15_000, 25_000]
    readings = bench.round.take()
    assert [reading.at_ms for reading in readings] == [5_050, 15_050, 25_050]
    assert {reading.value for reading in readings} == {230.1}


async def test_a_value_out_of_range_is_kept_and_marked(bench: Bench) -> None:
    lamp = bench.driver(230.1, 999.0)
    async with bench.running(bench.line("feeder", {"PJU-0001": lamp})):
        await bench.ticks.run_to(START_MS + INTERVAL_MS)
    assert [(r.value, r.suspect) for r in bench.round.take()] == [(230.1, False), (999.0, True)]


async def test_a_slow_device_never_delays_another_line(bench: Bench) -> None:
    slow = bench.slow_driver(1.0, takes_ms=35_000)
    lamp = bench.driver(230.1, takes_ms=0)
    slow_line = bench.line("slow", {"CAM-1": slow})
    async with bench.running(slow_line, bench.line("feeder", {"PJU-0001": lamp})):
        await bench.ticks.run_to(START_MS + 5 * INTERVAL_MS)
    assert lamp.asked_ms[:4] == [5_000, 15_000, 25_000, 35_000]
    assert slow.asked_ms == [5_000, 45_000]


async def test_network_devices_are_read_side_by_side_within_the_bound(bench: Bench) -> None:
    cameras = {f"CAM-{i}": bench.slow_driver(1.0, takes_ms=1_000) for i in range(6)}
    async with bench.running(bench.line("lan", cameras, workers=4)):
        await bench.ticks.run_to(START_MS + 3_000)
    starts = sorted(camera.asked_ms[0] for camera in cameras.values())
    assert starts == [5_000] * 4 + [6_000] * 2


async def test_a_device_that_stops_and_returns_makes_one_event(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="nadi.events")
    lamp = bench.driver(230.0, silent(), silent(), silent(), silent(), 231.0)
    async with bench.running(bench.line("feeder", {"PJU-0001": lamp})) as sampler:
        await bench.ticks.run_to(START_MS + 3 * INTERVAL_MS)
        assert sampler.faults() == ["PJU-0001: unit 1 gave no answer within 300 ms"]
        await bench.ticks.run_to(START_MS + 6 * INTERVAL_MS)
        assert sampler.faults() == []
    begin, end = bench.events
    assert (begin.phase, begin.at_ms, begin.detail) == (
        Phase.BEGIN,
        START_MS + 3 * INTERVAL_MS + 50,
        "unit 1 gave no answer within 300 ms",
    )
    assert (end.phase, end.id) == (Phase.END, begin.id)
    assert [record.getMessage() for record in caplog.records] == [
        "event deviceUnreachable begin asset=PJU-0001 detail=" + begin.detail,
        "event deviceUnreachable end asset=PJU-0001 detail=" + begin.detail,
    ]


async def test_a_line_that_is_gone_is_said_once_and_makes_one_event(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="nadi.sampler")
    first = bench.driver(230.0, *[gone() for _ in range(9)], 231.0, takes_ms=0)
    second = bench.driver(230.0)
    line = bench.line("feeder", {"PJU-0001": first, "PJU-0002": second})
    async with bench.running(line) as sampler:
        await bench.ticks.run_to(START_MS + 5 * INTERVAL_MS)
        assert len(second.asked_ms) == 1
        assert sampler.faults() == [
            "line feeder: the serial port /dev/ttyUSB0 is missing; plug the adapter in"
        ]
        (begin,) = bench.events
        assert (begin.asset, begin.type, begin.detail) == (
            "bb-0001",
            "lineUnreachable",
            f"feeder: {gone()}; {gone().hint}; 2 devices hang on it",
        )
        await bench.ticks.run_to(START_MS + 10 * INTERVAL_MS)
        assert sampler.faults() == []
    assert len(first.asked_ms) == 11
    assert [(e.id, e.phase) for e in bench.events[1:]] == [(begin.id, Phase.END)]
    said = [r.getMessage() for r in caplog.records if "the line" in r.getMessage()]
    assert [words.split(" line=")[0] for words in said] == ["the line is gone", "the line is back"]


async def test_a_sensor_that_said_nothing_since_a_restart_is_as_lost_as_before(
    bench: Bench,
) -> None:
    bench.was_open(EventType.DEVICE_UNREACHABLE, "TPS-1")
    sensor = bench.driver(None, None, None, None, 700.0)
    line = bench.line("lorawan", {"TPS-1": sensor, "TPS-2": bench.driver(500.0)})
    async with bench.running(line):
        await bench.ticks.run_to(START_MS + 3 * INTERVAL_MS)
        assert bench.events == []
        await bench.ticks.run_to(START_MS + 5 * INTERVAL_MS)
    assert [(e.id, e.phase) for e in bench.events] == [("old-deviceUnreachable", Phase.END)]


async def test_a_dead_line_of_which_nothing_was_heard_since_a_restart_stays_dead(
    bench: Bench,
) -> None:
    bench.was_open(EventType.LINE_UNREACHABLE, "bb-0001", "lorawan: no device answers")
    sensors = {f"TPS-{i}": bench.driver(None, None, None, silent(), 5.0) for i in range(2)}
    async with bench.running(bench.line("lorawan", sensors)):
        await bench.ticks.run_to(START_MS + 3 * INTERVAL_MS)
        assert bench.events == []
        await bench.ticks.run_to(START_MS + 5 * INTERVAL_MS)
    assert [(e.id, e.phase) for e in bench.events] == [("old-lineUnreachable", Phase.END)]


async def test_a_report_now_and_then_is_no_silence_between_them(bench: Bench) -> None:
    sensor = bench.driver(700.0, None, None, silent(), None, None, 690.0)
    async with bench.running(bench.line("lorawan", {"TPS-1": sensor})):
        await bench.ticks.run_to(START_MS + 20 * INTERVAL_MS)
    assert bench.events == []


async def test_a_device_that_is_dead_for_hours_is_found_again_within_two_minutes(
    bench: Bench,
) -> None:
    """However short or long its line's interval is; asked ever more rarely meanwhile."""
    for interval_ms in (1_000, 5_000, 60_000):
        dead_ms = 7_200_000
        meter = DeadMeter(bench.clock, back_ms=bench.clock.now_ms + dead_ms)
        line = bench.line("feeder", {"PJU-0001": meter})
        line.interval_ms = interval_ms
        line.devices[0].reachability = bench.reachability(AssetId("PJU-0001"), interval_ms)
        async with bench.running(line):
            await bench.ticks.run_to(meter.back_ms + 120_000)
        assert meter.found_ms is not None
        assert meter.found_ms - meter.back_ms <= 120_000
        gaps_ms = [b - a for a, b in pairwise(meter.asked_ms)]
        assert gaps_ms[:2] == [interval_ms, interval_ms]
        assert max(gaps_ms) <= 120_000
        assert len(meter.asked_ms) <= dead_ms // 60_000 + 15


class DeadMeter:
    """Silent until `back_ms`."""

    def __init__(self, clock: FakeClock, *, back_ms: int) -> None:
        self.back_ms = back_ms
        self.found_ms: int | None = None
        self.asked_ms: list[int] = []
        self._clock = clock

    async def read(self) -> tuple[Observation, ...]:
        now_ms = self._clock.now_ms
        if now_ms < self.back_ms:
            self.asked_ms.append(now_ms)
            raise silent()
        self.found_ms = self.found_ms or now_ms
        return (Observation(quantity="voltage", value=230.0),)


async def test_dead_devices_do_not_eat_the_round_of_living_ones(bench: Bench) -> None:
    dead = {f"PJU-1{i:02}": bench.driver(silent(), takes_ms=1_000) for i in range(16)}
    alive = bench.driver(230.0)
    line = bench.line("feeder", {**dead, "PJU-0001": alive})
    async with bench.running(line):
        await bench.ticks.run_to(START_MS + 600_000)
    asked = [ms for ms in alive.asked_ms if ms > START_MS + 100_000]
    assert asked == list(range(asked[0], START_MS + 600_000 + 1, INTERVAL_MS))
    for driver in dead.values():
        gaps = [b - a for a, b in zip(driver.asked_ms, driver.asked_ms[1:], strict=False)]
        assert max(gaps) <= 120_000


async def test_a_driver_that_breaks_is_a_failure_of_its_device_only(bench: Bench) -> None:
    broken = bench.driver(ZeroDivisionError("division by zero"))
    lamp = bench.driver(230.0)
    async with bench.running(bench.line("feeder", {"X-1": broken, "PJU-0001": lamp})) as sampler:
        await bench.ticks.run_to(START_MS + 3 * INTERVAL_MS)
        assert sampler.faults() == ["X-1: the driver failed with ZeroDivisionError"]
    assert len(lamp.asked_ms) == 4


async def test_cancelling_closes_the_ports(bench: Bench) -> None:
    class ClosingPort(FakePort):
        closed = False

        async def close(self) -> None:
            self.closed = True

    port = ClosingPort(bench.clock)
    line = bench.line("feeder", {"PJU-0001": bench.driver(230.0)})
    line.opened = (port,)
    async with bench.running(line):
        await bench.ticks.run_to(START_MS)
    assert port.closed


async def test_a_person_reads_a_device_between_its_rounds_and_nothing_of_it_is_sealed(
    bench: Bench,
) -> None:
    line = bench.line("feeder", {"PJU-0001": bench.driver(230.0, 999.0)})
    async with bench.running(line) as sampler:
        await bench.ticks.run_to(START_MS)
        before = len(bench.round.take())
        shown = described(await sampler.read_now("PJU-0001"))
    assert before == 1
    assert [(one.quantity, one.value, one.unit, one.suspect) for one in shown.values] == [
        ("voltage", 999.0, "V", True)
    ]
    assert not bench.round.take()


async def test_a_device_that_says_nothing_to_a_person_says_why(bench: Bench) -> None:
    line = bench.line("feeder", {"PJU-0001": bench.driver(silent())})
    async with bench.running(line) as sampler:
        shown = await sampler.read_now("PJU-0001")
    assert (shown.observations, shown.fault) == ((), "unit 1 gave no answer within 300 ms")
    assert not bench.events


async def test_an_asset_that_no_device_has_is_refused_with_the_nearest(bench: Bench) -> None:
    line = bench.line("feeder", {"PJU-0001": bench.driver(230.0)})
    async with bench.running(line) as sampler:
        with pytest.raises(AgentError, match="no device here has the asset PJU-0010") as refused:
            await sampler.read_now("PJU-0010")
    assert refused.value.hint == "did you mean PJU-0001?"
