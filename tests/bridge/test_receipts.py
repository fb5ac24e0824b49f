import pytest

from broker_bridge.receipts import receipt
from broker_bridge.store import GatewayFacts, StreamFacts
from contract.identity import Epoch, GatewayId
from contract.messages import MAX_EPOCHS, MAX_RANGES, Receipt, Rejection
from contract.ranges import RangeSet

SHA = "8f" * 32


NONE = RangeSet()


def stream(
    number: int = 0,
    *,
    last: int,
    committed: RangeSet = NONE,
    rejected: tuple[tuple[int, str, str], ...] = (),
    lost: RangeSet = NONE,
) -> StreamFacts:
    return StreamFacts(
        epoch=Epoch(f"{number:016x}"), last=last, committed=committed, rejected=rejected, lost=lost
    )


def told(*streams: StreamFacts) -> Receipt:
    return receipt(GatewayFacts(gateway=GatewayId("bb-0001"), version=9, streams=streams))


def every_second(count: int) -> RangeSet:
    return RangeSet.of(range(1, 2 * count, 2))


def test_a_receipt_names_what_is_closed_and_the_interval_it_speaks_for() -> None:
    facts = stream(
        last=9,
        committed=RangeSet([(1, 3), (5, 7)]),
        rejected=((8, SHA, "is not zlib"),),
        lost=RangeSet([(4, 4)]),
    )
    epoch = told(facts).epochs[0]
    assert (epoch.first, epoch.last) == (1, 9)
    assert epoch.committed == [(1, 3), (5, 7)]
    assert epoch.rejected == [Rejection(n=8, sha256=SHA, reason="is not zlib")]
    assert epoch.lost == [(4, 4)]


def test_committed_is_over_rejected_and_rejected_over_lost() -> None:
    facts = stream(
        last=6,
        committed=RangeSet([(1, 2)]),
        rejected=((2, SHA, "was wrong once"), (4, SHA, "is wrong")),
        lost=RangeSet([(1, 6)]),
    )
    epoch = told(facts).epochs[0]
    assert epoch.committed == [(1, 2)]
    assert [rejection.n for rejection in epoch.rejected] == [4]
    assert epoch.lost == [(3, 3), (5, 6)]


def test_all_ranges_that_fit_are_told() -> None:
    epoch = told(stream(last=5_000, committed=every_second(MAX_RANGES))).epochs[0]
    assert (len(epoch.committed), epoch.last) == (MAX_RANGES, 5_000)


def test_one_range_too_many_cuts_the_interval_at_the_last_number_told_whole() -> None:
    epoch = told(stream(last=5_000, committed=every_second(MAX_RANGES + 1))).epochs[0]
    assert len(epoch.committed) == MAX_RANGES
    assert epoch.last == 2 * MAX_RANGES
    assert epoch.committed[-1] == (2 * MAX_RANGES - 1, 2 * MAX_RANGES - 1)


def test_rejections_and_losses_count_as_ranges() -> None:
    rejected = tuple((n, SHA, "wrong") for n in range(2, 602, 2))
    epoch = told(
        stream(
            last=700, committed=every_second(200), rejected=rejected, lost=RangeSet([(610, 611)])
        )
    ).epochs[0]
    assert len(epoch.committed) + len(epoch.rejected) + len(epoch.lost) == MAX_RANGES
    assert epoch.last == 609
    assert epoch.lost == []


def test_the_oldest_epochs_are_told_first_and_one_without_room_says_nothing() -> None:
    first, second, third = told(
        stream(1, last=5_000, committed=every_second(MAX_RANGES - 1)),
        stream(2, last=9, committed=RangeSet([(1, 4), (6, 9)])),
        stream(3, last=9, committed=RangeSet([(1, 9)])),
    ).epochs
    assert first.last == 5_000
    assert (second.last, second.committed) == (5, [(1, 4)])
    assert (third.first, third.last, third.committed) == (1, 0, [])


def test_an_epoch_of_which_nothing_is_closed_is_stated_as_open() -> None:
    epoch = told(stream(last=4)).epochs[0]
    assert (epoch.first, epoch.last, epoch.committed) == (1, 4, [])


@pytest.mark.parametrize("epochs", [MAX_EPOCHS, MAX_EPOCHS + 1, 1_000])
def test_a_receipt_of_many_epochs_keeps_within_its_bounds(epochs: int) -> None:
    streams = [stream(n, last=9, committed=every_second(5)) for n in range(epochs)]
    answer = told(*streams)
    assert len(answer.epochs) == MAX_EPOCHS
    assert sum(len(epoch.committed) for epoch in answer.epochs) == MAX_RANGES
    assert answer.epochs[-1].last == 0
