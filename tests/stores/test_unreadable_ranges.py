"""What a salvage could not read is counted once, however the city comes to have a part of it."""

from broker_bridge.opening import CityStore
from tests.stores.making import E1, G1, epoch_holding, held, holding, lamp_batch, origin


def test_what_the_city_has_of_ranges_that_nobody_could_read_tells_what_the_others_held(
    store: CityStore,
) -> None:
    guessed = held("lost", 2, 2, 0), held("open", 3, 3, 1), held("lost", 4, 5, 9)
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.commit_batches([lamp_batch(stream, n) for n in (1, 2)])
        transaction.hold([holding(epoch_holding(held("settled", 1, 1, 2), *guessed))])
    (sheet,) = store.balance()
    assert [(hole.first, hole.last, hole.readings) for hole in sheet.holes] == [(4, 5, 7)]
    assert (sheet.sealed.readings, sheet.lost.readings) == (12, 7)
    assert sheet.unexplained == (0, 0)
