import logging

import pytest

from agent.drivers.driver import Observation
from agent.errors import AgentError, DeviceError
from agent.line import FakePort
from agent.live import described
from agent.sampler import next_tick_ms
from contract.readings import Phase
from tests.agent.sampling import INTERVAL_MS, START_MS, Bench, Freezing, gone, silent


@pytest.fixture
def bench() -> Bench:
    return Bench()


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


async def test_what_was_told_before_it_is_read_is_of_the_moment_when_it_was_told(
    bench: Bench,
) -> None:
    class Reporter:
        async def read(self) -> tuple[Observation, ...]:
            return (
                Observation(quantity="battery_level", value=92.0, at_ms=1_200),
                Observation(quantity="distance", value=700.0, at_ms=3_700),
            )

    async with bench.running(bench.line("lora", {"TPS-1": Reporter()})):
        await bench.ticks.run_to(START_MS)
    assert [(one.quantity, one.at_ms) for one in bench.round.take()] == [
        ("battery_level", 1_200),
        ("distance", 3_700),
    ]


async def test_a_value_out_of_range_is_kept_and_marked(bench: Bench) -> None:
    lamp = bench.driver(230.1, 999.0)
    async with bench.running(bench.line("feeder", {"PJU-0001": lamp})):
        await bench.ticks.run_to(START_MS + INTERVAL_MS)
    assert [(r.value, r.suspect) for r in bench.round.take()] == [(230.1, False), (999.0, True)]


@pytest.mark.parametrize("first", [230.0, silent()])
async def test_what_is_read_while_the_agent_stands_still_is_left_out_and_blames_no_device(
    first: float | DeviceError, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    line = bench.line("feeder", {"PJU-0001": Freezing(bench, bench.driver(first, 230.1))})
    async with bench.running(line):
        await bench.ticks.run_to(START_MS + 2 * INTERVAL_MS)
    assert [(one.at_ms, one.value) for one in bench.round.take()] == [
        (15_050, 230.1),
        (25_050, 230.1),
    ]
    assert line.failed == 0
    assert [one.getMessage() for one in caplog.records] == [
        "the agent stood still; what it was reading meanwhile is left out"
    ]


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
