"""What is gone stays gone until it speaks, over a restart, and is found again in time."""

from itertools import pairwise

import pytest

from agent.clock import FakeClock
from agent.drivers.driver import Observation
from contract.event_types import EventType
from contract.identity import AssetId
from contract.readings import Phase
from tests.agent.sampling import INTERVAL_MS, START_MS, Bench, silent


@pytest.fixture
def bench() -> Bench:
    return Bench()


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
