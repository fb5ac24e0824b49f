"""What is sent next: fresh first, bounded always, and never believed delivered before a receipt."""

from itertools import pairwise

import pytest

from agent.outbox.ledger import Ledger
from agent.outbox.records import EpochRecord
from agent.uplink import OVERTAKEN_S, Name, Uplink, backoff_s
from contract.identity import BootId, Epoch, Lane
from contract.messages import Counts, EpochReceipt, Receipt
from contract.ranges import RangeSet
from contract.settings import UplinkSettings

OLD, NOW = Epoch("0" * 16), Epoch("1" * 16)
SETTINGS = UplinkSettings(
    window_batches=8, reserve_batches=2, resend_after_s=10, resend_max_s=40, reconnect_max_s=8
)


def record(number: int, epoch: Epoch, sealed: int, events: RangeSet) -> EpochRecord:
    return EpochRecord(
        id=number,
        epoch=epoch,
        boot=BootId("b" * 16),
        parent=None,
        sealed=sealed,
        counts=Counts(readings=sealed),
        held=RangeSet([(1, sealed)] if sealed else []),
        events=events,
        settled=RangeSet(),
        rejected=RangeSet(),
        gone=(),
    )


def made(
    old: int, now: int, *, events: RangeSet | None = None, settings: UplinkSettings = SETTINGS
) -> tuple[Uplink, Ledger]:
    nothing = RangeSet()
    ledger = Ledger([record(1, OLD, old, nothing), record(2, NOW, now, events or nothing)])
    uplink = Uplink(ledger, settings, jitter=lambda: 1.0)
    uplink.link_up(0.0)
    return uplink, ledger


def committed(*ranges: tuple[int, int], version: int = 1) -> Receipt:
    epoch = EpochReceipt(epoch=OLD, first=1, last=100, committed=list(ranges))
    return Receipt(gateway="bb-0001", version=version, epochs=[epoch])  # type: ignore[arg-type]  # a str


def test_events_go_first_then_fresh_rounds_then_backlog_oldest_first() -> None:
    uplink, _ = made(2, 4, events=RangeSet([(2, 2)]))
    uplink.sealed(Name(NOW, 4), 5.0)
    lanes = [(order.lane, order.name.epoch, order.name.n) for order in uplink.plan(5.0)]
    assert lanes == [
        (Lane.EVENT, NOW, 2),
        (Lane.LIVE, NOW, 4),
        (Lane.BACKLOG, OLD, 1),
        (Lane.BACKLOG, OLD, 2),
        (Lane.BACKLOG, NOW, 1),
        (Lane.BACKLOG, NOW, 3),
    ]


def test_the_backlog_waits_a_moment_for_the_citys_receipt() -> None:
    uplink, _ = made(3, 0)
    assert uplink.plan(0.5) == []
    uplink.receipted(0.6)
    assert len(uplink.plan(0.6)) == 3


def test_the_window_is_bounded_and_keeps_room_for_what_is_fresh() -> None:
    uplink, _ = made(100, 3)
    assert len(uplink.plan(5.0)) == SETTINGS.window_batches
    for n in (1, 2, 3):
        uplink.sealed(Name(NOW, n), 5.0)
    fresh = uplink.plan(5.0)
    assert [order.lane for order in fresh] == [Lane.LIVE, Lane.LIVE]
    assert uplink.in_flight == SETTINGS.window_batches + SETTINGS.reserve_batches


def test_puback_settles_nothing_and_a_lost_receipt_sends_the_same_batch_again() -> None:
    uplink, ledger = made(1, 0)
    (first,) = uplink.plan(2.0)
    uplink.acknowledged(first.name)
    assert ledger.open_batches() == 1
    assert uplink.plan(11.9) == []
    assert [order.name for order in uplink.plan(12.0)] == [first.name]


def test_no_copy_is_sent_while_the_last_may_still_be_under_way() -> None:
    uplink, _ = made(1, 0)
    uplink.plan(2.0)
    assert uplink.plan(1_000.0) == []


def test_each_copy_waits_twice_as_long_up_to_a_bound() -> None:
    uplink, _ = made(1, 0)
    sent: list[float] = []
    now_s = 1.0
    while len(sent) < 6:
        for order in uplink.plan(now_s):
            sent.append(now_s)
            uplink.acknowledged(order.name)
        now_s += 1.0
    assert [b - a for a, b in pairwise(sent)] == [10, 20, 40, 40, 40]


def flown(uplink: Uplink, ledger: Ledger, *numbers: int, at_s: float) -> None:
    """Fresh batches, each sealed, sent and taken by the broker."""
    for n in numbers:
        ledger.current.held |= RangeSet([(n, n)])
        uplink.sealed(Name(NOW, n), at_s)
        assert Name(NOW, n) in [order.name for order in uplink.plan(at_s)]
        uplink.acknowledged(Name(NOW, n))


def now_committed(*ranges: tuple[int, int], version: int = 1) -> Receipt:
    epoch = EpochReceipt(epoch=NOW, first=1, last=100, committed=list(ranges))
    return Receipt(gateway="bb-0001", version=version, epochs=[epoch])  # type: ignore[arg-type]  # a str


def test_what_the_city_did_not_close_before_a_later_batch_is_sent_again_without_waiting() -> None:
    uplink, ledger = made(0, 0)
    flown(uplink, ledger, 1, at_s=1.0)
    flown(uplink, ledger, 2, at_s=2.0)
    flown(uplink, ledger, 3, at_s=3.0)
    ledger.settle(now_committed((2, 2)))
    uplink.receipted(3.1)
    assert uplink.plan(3.1) == []  # a bridge may be behind another one
    assert uplink.wake_s(3.1) == 1.0 + OVERTAKEN_S
    assert [order.name.n for order in uplink.plan(1.0 + OVERTAKEN_S)] == [1]
    assert uplink.plan(12.9) == []  # nothing later than the third was closed


def test_a_batch_that_is_overtaken_again_and_again_waits_twice_as_long_each_time() -> None:
    """The city may keep it aside each time and never close it."""
    settings = SETTINGS.model_copy(update={"resend_after_s": 3_600.0, "resend_max_s": 3_600.0})
    uplink, ledger = made(0, 0, settings=settings)
    sent: list[int] = []
    for n in range(1, 81):
        ledger.current.held |= RangeSet([(n, n)])
        uplink.sealed(Name(NOW, n), float(n))
        for order in uplink.plan(float(n)):
            sent += [n] if order.name.n == 1 else []
            uplink.acknowledged(order.name)
        ledger.settle(now_committed(*[(2, n)][: n - 1], version=n))
        uplink.receipted(float(n))
    assert [b - a for a, b in pairwise(sent)] == [5, 10, 20, 40]


def test_a_fresh_batch_overtakes_no_backlog_that_waits_in_the_bridge() -> None:
    uplink, ledger = made(3, 0)
    for order in uplink.plan(1.0):
        assert order.lane is Lane.BACKLOG
        uplink.acknowledged(order.name)
    flown(uplink, ledger, 1, at_s=2.0)
    ledger.settle(now_committed((1, 1)))
    uplink.receipted(2.1)
    assert uplink.plan(10.9) == []


def test_a_copy_that_may_be_the_first_or_the_second_overtakes_nothing() -> None:
    """A bridge that is more than a copy's time behind has not lost what was sent in between."""
    uplink, ledger = made(0, 0)
    flown(uplink, ledger, 1, at_s=0.0)
    flown(uplink, ledger, 2, at_s=9.0)
    (again,) = uplink.plan(10.0)
    uplink.acknowledged(again.name)
    ledger.settle(now_committed((1, 1)))
    uplink.receipted(10.5)
    assert uplink.plan(18.9) == []


def test_what_left_the_card_in_flight_overtakes_nothing() -> None:
    uplink, ledger = made(0, 0)
    flown(uplink, ledger, 1, 2, at_s=0.0)
    ledger.current.held -= RangeSet([(2, 2)])
    ledger.settle(now_committed())
    uplink.receipted(0.5)
    assert uplink.in_flight == 1
    assert uplink.plan(9.9) == []


def test_a_receipt_frees_the_window() -> None:
    uplink, ledger = made(20, 0)
    uplink.plan(5.0)
    ledger.settle(committed((1, 8)))
    uplink.receipted(6.0)
    assert uplink.in_flight == 0
    assert [order.name.n for order in uplink.plan(6.0)] == list(range(9, 17))


def test_a_number_that_the_city_finds_open_again_is_sent_again() -> None:
    uplink, ledger = made(2, 0)
    ledger.settle(committed((1, 2)))
    uplink.receipted(2.0)
    assert uplink.plan(2.0) == []
    ledger.settle(committed((1, 1), version=2))
    uplink.receipted(3.0)
    assert [order.name.n for order in uplink.plan(3.0)] == [2]


def test_an_older_receipt_is_not_believed() -> None:
    _, ledger = made(2, 0)
    ledger.settle(committed((1, 2), version=9))
    ledger.settle(committed(version=8))
    assert ledger.open_batches() == 0


def test_a_refusal_keeps_the_batch_and_waits_longer_each_time() -> None:
    uplink, ledger = made(1, 0)
    waits = []
    now_s = 2.0
    for _ in range(4):
        (order,) = uplink.plan(now_s)
        uplink.refused(order.name, now_s)
        wake_s = uplink.wake_s(now_s)
        assert wake_s is not None
        waits.append(wake_s - now_s)
        now_s = wake_s
    assert waits == [0.5, 1, 2, 4]
    assert ledger.open_batches() == 1


def test_a_window_that_is_refused_at_once_waits_as_long_as_one_batch() -> None:
    uplink, _ = made(8, 0)
    orders = uplink.plan(2.0)
    for order in orders:
        uplink.refused(order.name, 2.0)
    assert (len(orders), uplink.wake_s(2.0)) == (8, 2.5)


def test_a_receipt_shows_that_somebody_listens_and_ends_the_wait() -> None:
    uplink, _ = made(1, 0)
    for now_s in (2.0, 2.5, 3.5, 5.5):
        (order,) = uplink.plan(now_s)
        uplink.refused(order.name, now_s)
    assert uplink.plan(6.0) == []
    uplink.receipted(6.0)
    assert uplink.plan(6.0) == [order]


def test_a_lost_link_sends_nothing_and_a_new_one_everything_again() -> None:
    uplink, _ = made(2, 0)
    assert len(uplink.plan(2.0)) == 2
    uplink.link_down()
    assert uplink.plan(3.0) == []
    assert uplink.wake_s(3.0) is None
    uplink.link_up(4.0)
    assert len(uplink.plan(6.0)) == 2


def test_a_paced_backlog_never_slows_what_is_fresh() -> None:
    settings = SETTINGS.model_copy(update={"backlog_bytes_s": 100})
    uplink, _ = made(50, 1, settings=settings)
    for order in uplink.plan(2.0):
        uplink.spent(order.lane, 1_000)
        uplink.acknowledged(order.name)
    uplink.sealed(Name(NOW, 1), 3.0)
    assert [order.lane for order in uplink.plan(3.0)] == [Lane.LIVE]


@pytest.mark.parametrize(("attempt", "expected"), [(1, 0.5), (2, 1), (5, 8), (99, 8)])
def test_the_backoff_doubles_up_to_its_bound(attempt: int, expected: float) -> None:
    assert backoff_s(attempt, SETTINGS) == expected
