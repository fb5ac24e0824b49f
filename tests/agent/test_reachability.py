from agent.errors import DeviceSilent
from agent.reachability import MAX_PROBE_GAP_MS, Reachability
from contract.identity import AssetId, Kind

LAMP = AssetId("PJU-0001")
INTERVAL_MS = 10_000
SILENT = DeviceSilent("unit 1 gave no answer")


def watch(*, unreachable_after: int = 3, lost: bool = False) -> Reachability:
    return Reachability(
        asset=LAMP,
        kind=Kind.STREETLIGHT,
        unreachable_after=unreachable_after,
        interval_ms=INTERVAL_MS,
        lost=lost,
    )


def fail(device: Reachability, tick_ms: int) -> bool:
    return device.failed(SILENT, str(SILENT), tick_ms=tick_ms)


def test_the_third_failure_in_a_row_makes_it_unreachable_once() -> None:
    device = watch()
    assert [fail(device, tick) for tick in (0, 10_000)] == [False, False]
    assert device.nearly_unreachable
    assert fail(device, 20_000)
    assert (device.unreachable, device.why, device.error) == (True, str(SILENT), SILENT)
    assert not fail(device, 30_000)


def test_an_answer_in_between_starts_the_count_again() -> None:
    device = watch()
    fail(device, 0)
    fail(device, 10_000)
    assert not device.answered()
    assert [fail(device, tick) for tick in (30_000, 40_000)] == [False, False]
    assert fail(device, 50_000)


def test_a_device_that_was_lost_before_a_restart_stays_so_until_it_answers() -> None:
    device = watch(lost=True)
    assert device.unreachable
    assert [fail(device, tick) for tick in range(0, 50_000, 10_000)] == [False] * 5
    assert device.answered()
    assert not device.unreachable


def test_after_a_dead_line_its_failures_count_anew() -> None:
    device = watch()
    for tick_ms in (0, 10_000, 20_000, 30_000):
        fail(device, tick_ms)
    device.start_over(30_000)
    assert not device.unreachable
    assert device.is_due(40_000)
    assert [fail(device, tick) for tick in (40_000, 50_000, 60_000)] == [False, False, True]


def test_an_unreachable_device_is_asked_ever_more_rarely_but_within_two_minutes() -> None:
    device = watch(unreachable_after=1)
    asked = []
    for tick_ms in range(0, 400_000, INTERVAL_MS):
        if device.is_due(tick_ms):
            asked.append(tick_ms // 1_000)
            fail(device, tick_ms)
    assert asked == [0, 10, 20, 40, 80, 140, 200, 260, 320, 380]
    assert MAX_PROBE_GAP_MS <= 120_000


def test_a_device_that_is_back_is_asked_at_every_tick_again() -> None:
    device = watch(unreachable_after=1)
    for tick_ms in (0, 10_000, 20_000, 40_000):
        fail(device, tick_ms)
    assert not device.is_due(50_000)
    device.answered()
    assert device.is_due(90_000)


def test_a_sensor_that_reports_rarely_has_until_its_next_report_when_its_line_is_back() -> None:
    device = Reachability(
        asset=LAMP, kind=Kind.WASTE_BIN, unreachable_after=3, interval_ms=5_000, report_ms=60_000
    )
    device.start_over(100_000)
    assert [fail(device, tick) for tick in range(100_000, 160_000, 5_000)] == [False] * 12
    assert fail(device, 160_000)
