"""A statement is compared with those of its own run: another card is heard at once, and told."""

from collections.abc import Sequence

from broker_bridge.opening import CityStore
from broker_bridge.receipts import receipt
from broker_bridge.store import CardChange
from contract.identity import Epoch
from contract.messages import EpochHolding, EpochReceipt, Holding, Parent
from tests.stores.making import E1, E2, G1, epoch_holding, held, holding

E3 = Epoch("3" * 16)
LONG_USED = 900 << 24


def hold(store: CityStore, *said: Holding) -> Sequence[CardChange | None]:
    """Each in a transaction of its own."""
    told: list[CardChange | None] = []
    for one in said:
        with store.transaction() as transaction:
            transaction.lock([G1])
            told += transaction.hold([one])
    return told


def of(epoch: Epoch, sealed: int, *, parent: tuple[Epoch, int] | None = None) -> EpochHolding:
    named = Parent(epoch=parent[0], n=parent[1]) if parent else None
    ranges = [held("open", 1, sealed, sealed)] if sealed else []
    return epoch_holding(*ranges, epoch=epoch, sealed=sealed, parent=named)


def sealed(store: CityStore) -> int:
    return store.balance()[0].sealed.readings


def test_a_new_cards_first_statement_is_heard_and_told(store: CityStore) -> None:
    old = holding(of(E1, 5), revision=LONG_USED)
    new = holding(of(E2, 3), revision=1 << 24 | 1)
    assert hold(store, old, new) == [None, "cardReplaced"]
    (balance,) = store.balance()
    assert (balance.sealed.readings, balance.held.readings) == (8, 8)
    assert (balance.cards, balance.stated_revision) == (2, 1 << 24 | 1)
    with store.transaction() as transaction:
        transaction.lock([G1])
        (facts,) = transaction.facts([G1])
    assert [stream.epoch for stream in facts.streams] == [E2]


def test_a_late_copy_of_the_old_cards_statement_changes_nothing(store: CityStore) -> None:
    old = holding(of(E1, 5), revision=LONG_USED)
    new = holding(of(E2, 3), revision=1 << 24 | 1)
    later = holding(of(E2, 4), revision=1 << 24 | 2)
    assert hold(store, old, new, old, later, new) == [None, "cardReplaced", None, None, None]
    assert sealed(store) == 9
    assert store.balance()[0].stated_revision == 1 << 24 | 2


def test_a_restart_on_the_same_card_is_no_news_to_anyone(store: CityStore) -> None:
    first = holding(of(E1, 5), revision=1 << 24 | 7)
    second = holding(of(E1, 6), of(E2, 1, parent=(E1, 6)), revision=2 << 24 | 1)
    late = holding(of(E1, 6), revision=1 << 24 | 8)
    assert hold(store, first, second, late) == [None, None, None]
    (balance,) = store.balance()
    assert (balance.cards, balance.stated_revision) == (1, 2 << 24 | 1)


def test_an_old_image_of_a_card_is_told_and_what_it_never_had_stays_as_last_stated(
    store: CityStore,
) -> None:
    original = holding(of(E1, 9), revision=1 << 24 | 7)
    image = holding(of(E1, 5), of(E2, 1, parent=(E1, 5)), revision=2 << 24 | 1)
    assert hold(store, original, image) == [None, "cardCloned"]
    (balance,) = store.balance()
    assert balance.unexplained == (0, 0)
    assert balance.held.readings == 10


def test_two_runs_that_name_one_parent_are_a_card_and_its_copy(store: CityStore) -> None:
    card = holding(of(E1, 5), of(E2, 2, parent=(E1, 5)), revision=2 << 24 | 9)
    copy = holding(of(E1, 5), of(E3, 1, parent=(E1, 5)), revision=2 << 24 | 1)
    again = holding(of(E1, 5), of(E2, 3, parent=(E1, 5)), revision=2 << 24 | 10)
    assert hold(store, card, copy, again) == [None, "cardCloned", None]
    assert sealed(store) == 9, "both are heard, each of its own run"
    assert store.balance()[0].cards == 2


def test_a_parent_that_grows_after_its_child_is_heard_and_told(store: CityStore) -> None:
    copy = holding(of(E1, 5), of(E2, 1, parent=(E1, 5)), revision=2 << 24 | 1)
    original = holding(of(E1, 6), revision=1 << 24 | 9)
    assert hold(store, copy, original) == [None, "cardCloned"]
    assert sealed(store) == 7


def test_a_run_that_has_sealed_nothing_is_receipted_while_it_is_the_one_that_speaks(
    store: CityStore,
) -> None:
    hold(store, holding(of(E1, 0), revision=1), holding(of(E1, 0), of(E2, 0), revision=2))
    with store.transaction() as transaction:
        transaction.lock([G1])
        (facts,) = transaction.facts([G1])
    assert receipt(facts).epochs == [EpochReceipt(epoch=E2, first=1, last=0, committed=[])]
