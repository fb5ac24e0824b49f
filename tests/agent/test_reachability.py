from itertools import count

from agent.reachability import MAX_PROBE_GAP_MS, Reachability
from contract.identity import AssetId, Kind
from contract.readings import DEVICE_UNREACHABLE, Event, Phase

LAMP = AssetId("PJU-0001")
INTERVAL_MS = 10_000


def watch(*, unreachable_after: int = 3, open_event: str | None = None) -> Reachability:
    ids = count(1)
    return Reachability(
        asset=LAMP,
        kind=Kind.STREETLIGHT,
        unreachable_after=unreachable_after,
        interval_ms=INTERVAL_MS,
        new_id=lambda: f"event-{next(ids)}",
        open_event=open_event,
    )


def fail(device: Reachability, tick_ms: int) -> Event | None:
    return device.failed("unit 1 gave no answer", tick_ms=tick_ms, at_ms=tick_ms + 300)


def test_the_third_failure_in_a_row_begins_one_event() -> None:
    device = watch()
    assert [fail(device, tick) for tick in (0, 10_000)] == [None, None]
    assert fail(device, 20_000) == Event(
        id="event-1",
        asset=LAMP,
        kind=Kind.STREETLIGHT,
        type=DEVICE_UNREACHABLE,
        phase=Phase.BEGIN,
        at_ms=20_300,
        detail="unit 1 gave no answer",
    )
    assert device.unreachable
    assert fail(device, 30_000) is None


def test_an_answer_in_between_starts_the_count_again() -> None:
    device = watch()
    fail(device, 0)
    fail(device, 10_000)
    assert device.answered(at_ms=20_000) is None
    assert [fail(device, tick) for tick in (30_000, 40_000)] == [None, None]
    assert fail(device, 50_000) is not None


def test_an_answer_ends_the_event_under_its_own_id() -> None:
    device = watch(unreachable_after=1)
    begin = fail(device, 0)
    end = device.answered(at_ms=10_050)
    assert begin is not None
    assert end is not None
    assert (end.id, end.phase, end.at_ms) == (begin.id, Phase.END, 10_050)
    assert device.answered(at_ms=20_050) is None
    second = fail(device, 30_000)
    assert second is not None
    assert second.id == "event-2"


def test_an_event_from_before_a_restart_goes_on_and_is_ended_under_its_own_id() -> None:
    device = watch(open_event="old-7")
    assert device.unreachable
    assert [fail(device, tick) for tick in range(0, 50_000, 10_000)] == [None] * 5
    end = device.answered(at_ms=60_000)
    assert end is not None
    assert (end.id, end.phase) == ("old-7", Phase.END)


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
    device.answered(at_ms=80_050)
    assert device.is_due(90_000)


def test_a_long_reason_is_cut_to_what_an_event_takes() -> None:
    device = watch(unreachable_after=1)
    event = device.failed("x" * 500, tick_ms=0, at_ms=0)
    assert event is not None
    assert len(event.detail) == 200
