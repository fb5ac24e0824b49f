"""What a number is, follows from the card's record and the city's newest word."""

from agent.outbox.ledger import Ledger, merge_gone
from agent.outbox.records import EpochRecord, EpochUpdate, Gone, GoneState
from contract.messages import MAX_EPOCHS, MAX_RANGES, Counts, Receipt, Rejection
from contract.ranges import Range, RangeSet
from tests.agent.outbox.making import BOOT, OWN, epoch, receipt

NOTHING = RangeSet()


def record(
    number: int, sealed: int, *, settled: RangeSet = NOTHING, events: RangeSet = NOTHING
) -> EpochRecord:
    return EpochRecord(
        id=number,
        epoch=epoch(number),
        boot=BOOT,
        parent=None,
        sealed=sealed,
        counts=Counts(readings=sealed),
        held=RangeSet([(1, sealed)] if sealed else []),
        events=events,
        settled=settled,
        rejected=NOTHING,
        gone=(),
    )


def gone(*numbers: Range, state: GoneState = "lost", reason: str = "outbox full") -> list[Gone]:
    return [
        Gone(
            state=state, numbers=span, counts=Counts(readings=1), reason=reason,
            from_ms=span[0], to_ms=span[1],
        )
        for span in numbers
    ]  # fmt: skip


def given_up(ledger: Ledger, count: int, handed: dict[int, RangeSet] | None = None) -> list[int]:
    return [victims.numbers[0] for victims in ledger.victims(count, handed or {})]


def test_what_the_city_committed_is_settled_and_the_rest_is_open() -> None:
    ledger = Ledger([record(1, 5)])
    ledger.settle(receipt(1, (1, 2), (4, 4)))
    assert ledger.current.settled.ranges == ((1, 2), (4, 4))
    assert ledger.current.open.ranges == ((3, 3), (5, 5))


def test_a_receipt_says_nothing_of_numbers_outside_its_interval() -> None:
    ledger = Ledger([record(1, 9, settled=RangeSet([(8, 9)]))])
    ledger.settle(receipt(1, (1, 9), first=2, last=4))
    assert ledger.current.settled.ranges == ((2, 4), (8, 9))


def test_an_empty_interval_changes_nothing() -> None:
    ledger = Ledger([record(1, 3, settled=RangeSet([(1, 3)]))])
    ledger.settle(receipt(1, first=1, last=0))
    assert ledger.open_batches() == 0


def test_an_epoch_that_the_city_does_not_name_has_nothing_committed() -> None:
    ledger = Ledger([record(1, 3, settled=RangeSet([(1, 3)]))])
    ledger.settle(Receipt(gateway=OWN, version=1, epochs=[]))
    assert ledger.open_batches() == 3


def test_a_number_that_was_never_sealed_is_never_settled() -> None:
    ledger = Ledger([record(1, 2)])
    ledger.settle(receipt(1, (1, 900)))
    assert ledger.current.settled.ranges == ((1, 2),)


def test_a_rejection_closes_nothing_before_its_hash_is_compared() -> None:
    ledger = Ledger([record(1, 3)])
    said = Rejection(n=2, sha256="0" * 64, reason="bad")
    (claim,) = ledger.settle(receipt(1, rejected=(said,)))
    assert claim.rejection == said
    assert ledger.open_batches() == 3
    ledger.reject(claim.ledger, 2)
    assert ledger.current.open.ranges == ((1, 1), (3, 3))


def test_committed_overrules_rejected() -> None:
    ledger = Ledger([record(1, 1)])
    ledger.reject(ledger.current, 1)
    ledger.settle(receipt(1, (1, 1)))
    assert (ledger.current.settled.ranges, ledger.current.rejected.ranges) == (((1, 1),), ())


def test_a_rejection_that_the_city_takes_back_is_open_again() -> None:
    ledger = Ledger([record(1, 1)])
    ledger.reject(ledger.current, 1)
    ledger.settle(receipt(1))
    assert ledger.open_batches() == 1


def test_only_changes_are_written_and_a_change_meanwhile_stays_due() -> None:
    ledger = Ledger([record(1, 4), record(2, 0)])
    ledger.settle(receipt(1, (1, 2)))
    first = ledger.updates()
    assert first == (EpochUpdate(epoch_id=1, settled=RangeSet([(1, 2)]), rejected=NOTHING),)
    ledger.settle(receipt(1, (1, 3), version=2))
    ledger.written(first)
    assert ledger.updates()[0].settled.ranges == ((1, 3),)
    ledger.written(ledger.updates())
    assert ledger.updates() == ()


def test_settled_batches_go_first_and_the_oldest_of_them_first() -> None:
    ledger = Ledger([record(1, 6, settled=RangeSet([(2, 4)]))])
    victims = ledger.victims(3, {})
    assert [(v.numbers, v.state, v.reason) for v in victims] == [
        ((2, 2), "evicted", "settled"),
        ((3, 3), "evicted", "settled"),
        ((4, 4), "evicted", "settled"),
    ]


def test_then_every_second_then_three_of_four_and_events_last() -> None:
    ledger = Ledger([record(1, 8, events=RangeSet([(2, 2)]))])
    assert given_up(ledger, 8) == [1, 3, 5, 7, 6, 4, 8, 2]
    assert {victims.state for victims in ledger.victims(8, {})} == {"lost"}


def test_what_was_never_handed_over_goes_before_what_was() -> None:
    ledger = Ledger([record(1, 6)])
    order = given_up(ledger, 6, {1: RangeSet([(1, 3)])})
    assert set(order[:3]) == {4, 5, 6}
    assert set(order[3:]) == {1, 2, 3}


def test_never_more_is_given_up_than_was_asked() -> None:
    assert len(given_up(Ledger([record(1, 500)]), 64)) == 64
    assert given_up(Ledger([record(1, 0)]), 64) == []


def test_neighbours_of_one_fate_are_one_range() -> None:
    merged = merge_gone([*gone((5, 5), (1, 2), (3, 4)), *gone((6, 6), reason="outbox damaged")])
    assert [(one.numbers, one.counts.readings) for one in merged] == [((1, 5), 3), ((6, 6), 1)]
    assert (merged[0].from_ms, merged[0].to_ms) == (1, 5)


def test_however_much_is_thinned_every_number_fits_the_statements() -> None:
    ledger = Ledger([record(n, 150) for n in range(1, 21)])
    most = 0
    for _ in range(40):
        for victims in ledger.victims(64, {}):
            lost = ledger.by_id(victims.epoch_id)
            lost.remove([*lost.gone, *gone(victims.numbers)])
        pieces = [len(one.gone) + len(one.open.ranges) for one in ledger.epochs]
        most = max(most, sum(pieces))
    assert ledger.open_batches() == 3_000 - 40 * 64
    assert most <= MAX_RANGES


def test_this_run_is_stated_however_many_epochs_the_card_still_holds() -> None:
    settled = [record(n, 1, settled=RangeSet([(1, 1)])) for n in range(1, MAX_EPOCHS + 10)]
    ledger = Ledger([*settled, record(999, 0)])
    stated = [one.id for one in ledger.worth_stating()]
    assert len(stated) == MAX_EPOCHS
    assert stated == sorted(stated)
    assert stated[-1] == 999


def test_the_oldest_that_wait_for_the_city_are_stated_before_all_that_do_not() -> None:
    waiting = [record(n, 1) for n in range(1, MAX_EPOCHS + 10)]
    ledger = Ledger([*waiting, record(998, 1, settled=RangeSet([(1, 1)])), record(999, 0)])
    stated = [one.id for one in ledger.worth_stating()]
    assert stated == [*range(1, MAX_EPOCHS), 999]


def test_an_epoch_that_found_no_room_in_the_statement_is_not_opened_again() -> None:
    settled = [record(n, 1, settled=RangeSet([(1, 1)])) for n in range(1, MAX_EPOCHS + 10)]
    ledger = Ledger([*settled, record(999, 0)])
    ledger.settle(receipt(1, (1, 1)))
    assert ledger.of(epoch(2)).open.ranges == ()
    assert ledger.of(epoch(MAX_EPOCHS + 9)).open.ranges == ((1, 1),)
