"""What a gateway that is gone still held is lost by its exact count, and the balance closes."""

import pytest

from broker_bridge.errors import DiscardRefused
from broker_bridge.opening import CityStore
from broker_bridge.store import Balance
from contract.discarding import Discard
from contract.messages import Counts, Holding
from tests.stores.making import E1, E2, G1, epoch_holding, held, holding, lamp_batch

REASON = "retired: shot to pieces"


def hold(store: CityStore, said: Holding) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.hold([said])


def commit(store: CityStore, *numbers: int) -> None:
    for n in numbers:
        with store.transaction() as transaction:
            transaction.lock([G1])
            ledger = transaction.streams([(G1, E1)])
            transaction.commit_batches([lamp_batch(ledger[(G1, E1)], n)])


def balance(store: CityStore) -> Balance:
    (one,) = store.balance()
    return one


def discard(store: CityStore, count: int) -> Counts:
    return store.discard(Discard(gateway=G1, count=count, reason=REASON))


@pytest.fixture
def dead(store: CityStore) -> CityStore:
    """Of 10 batches with 20 readings and an event, 4 are committed; 2 came after it spoke last."""
    said = epoch_holding(held("settled", 1, 2, 4), held("open", 3, 7, 10), held("open", 8, 8, 2, 1))
    hold(store, holding(said))
    commit(store, 1, 2, 4, 10)
    return store


def test_what_was_held_is_lost_with_its_reason_and_the_balance_closes(dead: CityStore) -> None:
    before = balance(dead)
    assert (before.held, before.unexplained) == (Counts(readings=12, events=1), (0, 0))
    assert discard(dead, 13) == Counts(readings=12, events=1)
    after = balance(dead)
    assert (after.held, after.lost) == (Counts(), Counts(readings=12, events=1))
    assert (after.sealed, after.committed) == (before.sealed, before.committed)
    assert after.unexplained == (0, 0)
    assert [(one.first, one.last, one.state, one.reason) for one in after.holes] == [
        (3, 7, "lost", REASON),
        (8, 8, "lost", REASON),
        (9, 9, "lost", REASON),
    ]


@pytest.mark.parametrize("count", [0, 12, 14])
def test_another_count_is_refused_and_nothing_changes(dead: CityStore, count: int) -> None:
    before = dead.balance()
    with pytest.raises(DiscardRefused, match="holds 13 readings and events"):
        discard(dead, count)
    assert dead.balance() == before


def test_twice_finds_nothing_left_and_what_turns_up_later_is_committed_over_it(
    dead: CityStore,
) -> None:
    discard(dead, 13)
    assert discard(dead, 0) == Counts()
    commit(dead, 5, 9)
    after = balance(dead)
    assert (after.lost, after.unexplained) == (Counts(readings=8, events=1), (0, 0))


def test_a_gateway_of_which_only_batches_were_heard_loses_the_holes_between_them(
    store: CityStore,
) -> None:
    commit(store, 2, 5)
    assert balance(store).held == Counts(readings=6)
    assert discard(store, 6) == Counts(readings=6)
    assert (balance(store).lost, balance(store).unexplained) == (Counts(readings=6), (0, 0))


def test_its_new_card_is_heard_and_the_old_ones_loss_stays(dead: CityStore) -> None:
    discard(dead, 13)
    hold(dead, holding(epoch_holding(held("open", 1, 3, 6), epoch=E2)))
    after = balance(dead)
    assert (after.cards, after.lost.readings, after.held.readings) == (2, 12, 6)
    assert after.unexplained == (0, 0)


def test_the_receipt_says_that_they_are_lost(dead: CityStore) -> None:
    discard(dead, 13)
    with dead.transaction() as transaction:
        transaction.lock([G1])
        (facts,) = transaction.facts([G1])
    (stream,) = facts.streams
    assert stream.lost.ranges == ((3, 3), (5, 9))
