"""What a salvage could not read is counted once, however the city comes to have a part of it."""

import pytest

from broker_bridge.opening import CityStore
from broker_bridge.store import Balance
from contract.messages import HeldRange
from tests.stores.making import E1, G1, epoch_holding, held, holding, lamp_batch, origin


def spoken(n: int, readings: int, *, reason: str = "outbox damaged") -> HeldRange:
    """A row was found that said so of its batch."""
    times = {"reason": reason, "from_ms": n * 10_000, "to_ms": n * 10_000}
    return held("lost", n, n, readings).model_copy(update=times)


def unread(first: int, last: int, readings: int) -> HeldRange:
    """Nothing was found; how much it was is guessed."""
    return held("lost", first, last, readings).model_copy(update={"reason": "outbox damaged"})


def balance_of(store: CityStore, *ranges: HeldRange) -> Balance:
    """The city has the batches 1 and 2, of two readings each."""
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.commit_batches([lamp_batch(stream, n) for n in (1, 2)])
        transaction.hold([holding(epoch_holding(held("settled", 1, 1, 2), *ranges))])
    (sheet,) = store.balance()
    return sheet


@pytest.mark.parametrize(
    ("said", "holes"),
    [
        ((unread(2, 2, 0), held("open", 3, 3, 1), unread(4, 5, 9)), [(4, 5, 7)]),
        ((unread(2, 2, 0), spoken(3, 5)), [(3, 3, 3)]),
        ((unread(2, 2, 4), spoken(3, 1)), [(3, 3, 3)]),
        ((spoken(2, 5), unread(3, 3, 0)), [(3, 3, 3)]),
        ((spoken(2, 5), unread(3, 3, 0), spoken(4, 4)), [(3, 3, 3), (4, 4, 4)]),
        ((spoken(2, 1), unread(3, 3, 0), spoken(4, 4)), [(3, 3, 0), (4, 4, 3)]),
        ((unread(2, 3, 0), spoken(4, 5)), [(3, 3, 0), (4, 4, 3)]),
    ],
    ids=[
        "of two unread ranges one is in the city",
        "a row says too much",
        "a row says too little",
        "a row that said too much is in the city",
        "an unread range is corrected before a row",
        "no range holds less than nothing",
        "a part of an unread range is in the city",
    ],
)  # fmt: skip
def test_what_the_city_has_of_ranges_that_were_guessed_tells_what_the_others_held(
    store: CityStore, said: tuple[HeldRange, ...], holes: list[tuple[int, int, int]]
) -> None:
    sheet = balance_of(store, *said)
    assert [(hole.first, hole.last, hole.readings) for hole in sheet.holes] == holes
    assert sheet.lost.readings == sum(readings for *_, readings in holes)
    assert sheet.unexplained == (0, 0)


def test_what_was_given_up_was_counted_and_no_guess_is_put_right_by_it(store: CityStore) -> None:
    sheet = balance_of(store, unread(2, 2, 3), spoken(3, 3, reason="outbox full"))
    assert [(hole.first, hole.last, hole.readings) for hole in sheet.holes] == [(3, 3, 3)]
    assert (sheet.sealed.readings, sheet.committed.readings) == (8, 4)
    assert sheet.unexplained == (1, 0)
