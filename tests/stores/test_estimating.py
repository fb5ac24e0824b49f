"""Where a boot that never learns its origin finds its place, in times that can be worked out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broker_bridge.balance import committed_of_day
from broker_bridge.opening import CityStore
from broker_bridge.store import NewBatch, Transaction
from broker_bridge.stores.estimating import KnownBoot, KnownStream, Placement, placements
from broker_bridge.stores.moments import EARLIEST_MS
from contract.identity import BootId, Epoch
from contract.messages import Counts, EpochHolding, EventColumn, HeldRange, Origin, Parent
from contract.readings import Phase
from tests.stores.making import (
    BOOT,
    BOOT2,
    E1,
    E2,
    E3,
    G1,
    G2,
    LAMP,
    NOW_MS,
    Value,
    batch,
    body,
    held,
    holding,
)

HOUR = 3_600_000
BOOT3 = BootId("00000000000000b3")
CRASH = EventColumn(
    id="e-1", asset=0, type="deviceUnreachable", phase=Phase.BEGIN, offset_ms=500, detail=""
)


def boot(number: int, origin_ms: int | None = None, *, last_ms: int = HOUR) -> KnownBoot:
    return KnownBoot(
        id=number, boot=f"b{number}", origin_ms=origin_ms, uncertainty_ms=10, seen_ms=0,
        first_ms=1_000, last_ms=last_ms, latest_origin_ms=NOW_MS,
    )  # fmt: skip


def stream(number: int, *, stated: bool = True, closed: bool = True) -> KnownStream:
    parent = f"e{number - 1}" if number > 1 else None
    return KnownStream(
        epoch=f"e{number}", boot=f"b{number}", parent=parent, stated=stated, closed=closed
    )


STREAMS = [stream(1), stream(2), stream(3)]
BEGUN, AGAIN = NOW_MS - 100 * HOUR, NOW_MS - 50 * HOUR


def test_a_boot_ends_where_the_next_began_and_may_be_as_early_as_the_one_before_ended() -> None:
    (place,) = placements(STREAMS, [boot(1, BEGUN), boot(2), boot(3, AGAIN)])
    assert place == Placement(
        id=2,
        origin_ms=AGAIN - 10 - HOUR,  # the next may have begun 10 ms earlier than it is dated
        # 48 hours and a second between them, its neighbours' own, an hour's drift of two
        uncertainty_ms=48 * HOUR + 1_000 + 10 + 10 + 180 + 180,
        floor_ms=BEGUN + HOUR,
        next_id=3,
        last_ms=AGAIN - 10,
    )


def test_a_next_boot_known_too_badly_to_begin_after_the_last_moves_nothing_back() -> None:
    """The next is known to ten hours, and what is stored of it is five after the last ended."""
    vague = replace(
        boot(3, BEGUN + 2 * HOUR), uncertainty_ms=10 * HOUR, first_observed_ms=BEGUN + 6 * HOUR
    )
    (place,) = placements(STREAMS, [boot(1, BEGUN), boot(2), vague])
    assert place.floor_ms == BEGUN + HOUR
    overlapping = replace(vague, first_observed_ms=BEGUN + HOUR - 1)
    (place,) = placements(STREAMS, [boot(1, BEGUN), boot(2), overlapping])
    assert place.floor_ms == BEGUN - 8 * HOUR


def test_boots_without_a_date_in_a_row_follow_each_other() -> None:
    streams = [*STREAMS, stream(4)]
    newer, older = placements(streams, [boot(1, BEGUN), boot(2), boot(3), boot(4, AGAIN)])
    assert (newer.id, newer.origin_ms) == (3, AGAIN - 10 - HOUR)
    assert (older.id, older.origin_ms) == (2, AGAIN - 10 - 2 * HOUR)


def test_the_city_had_its_bytes_so_it_was_no_later() -> None:
    early = KnownBoot(
        id=2, boot="b2", origin_ms=None, uncertainty_ms=0, seen_ms=0, first_ms=1_000,
        last_ms=HOUR, latest_origin_ms=BEGUN + 10 * HOUR,
    )  # fmt: skip
    (place,) = placements(STREAMS, [boot(1, BEGUN), early, boot(3, AGAIN)])
    assert place.origin_ms == BEGUN + 10 * HOUR


def test_the_order_is_that_of_the_parents_not_of_the_hearing() -> None:
    heard_backwards = [stream(3), stream(2), stream(1)]
    (place,) = placements(heard_backwards, [boot(3, AGAIN), boot(2), boot(1, BEGUN)])
    assert (place.id, place.floor_ms) == (2, BEGUN + HOUR)


def test_a_boot_without_an_earlier_one_may_have_been_any_time_before() -> None:
    (place,) = placements([stream(1), stream(2)], [boot(1), boot(2, AGAIN)])
    assert (place.origin_ms, place.floor_ms) == (AGAIN - 10 - HOUR, EARLIEST_MS)
    assert place.uncertainty_ms >= AGAIN - 10 - HOUR


def test_what_may_still_learn_its_date_waits() -> None:
    running = [boot(1, BEGUN), boot(2)]
    assert not placements([stream(1), stream(2)], running)
    unheard = [stream(1), stream(2), stream(3, stated=False)]
    assert not placements(unheard, [boot(1, BEGUN), boot(2), boot(3, AGAIN)])
    to_come = [stream(1), stream(2, closed=False), stream(3)]
    assert not placements(to_come, [boot(1, BEGUN), boot(2), boot(3, AGAIN)])
    nothing_after_it_is_dated = [boot(1, BEGUN), boot(2), boot(3)]
    assert not placements(STREAMS, nothing_after_it_is_dated)


def test_neighbours_that_contradict_each_other_do_not_put_it_after_the_next() -> None:
    (place,) = placements(STREAMS, [boot(1, AGAIN), boot(2), boot(3, AGAIN + 60_000)])
    assert place.floor_ms == AGAIN + 60_000 - 10


def test_parents_that_go_in_a_circle_end() -> None:
    first = KnownStream(epoch="e1", boot="b1", parent="e2", stated=True, closed=True)
    assert placements([first, stream(2)], [boot(1), boot(2, AGAIN)]) == []


# The same in either store.


@contextmanager
def writing(store: CityStore) -> Iterator[Transaction]:
    with store.transaction() as transaction:
        transaction.lock([G1])
        yield transaction


def values(*at_ms: int) -> list[Value]:
    return [(LAMP, "voltage", at, 230.0 + at / 1_000) for at in at_ms]


def told(epoch: Epoch, boot: BootId, last: int, *, parent: Epoch | None = None) -> EpochHolding:
    return EpochHolding(
        epoch=epoch, boot=boot, parent=Parent(epoch=parent, n=1) if parent else None, sealed=1,
        sealed_counts=held("settled", 1, 1, last).counts, ranges=[held("settled", 1, 1, last)],
    )  # fmt: skip


def three_boots(store: CityStore) -> None:
    """The first and the third know the time; the second was over before it learned it."""
    with writing(store) as transaction:
        names = [(G1, E1), (G1, E2), (G1, E3)]
        streams = transaction.streams(names)
        first, second, third = (streams[name] for name in names)
        transaction.date(
            [
                (G1, Origin(boot=BOOT, origin_ms=BEGUN, uncertainty_ms=5, revision=1, seen_ms=0)),
                (G1, Origin(boot=BOOT3, origin_ms=AGAIN, uncertainty_ms=5, revision=1, seen_ms=0)),
            ]
        )
        batches: list[NewBatch] = [
            batch(first, 1, body(values(1_000, 4_000), boot=BOOT)),
            batch(
                second, 1, body(values(1_000, 7_000), [CRASH], assets=[LAMP], boot=BOOT2),
                epoch=E2, sha256="2" * 64,
            ),
            batch(third, 1, body(values(2_000), boot=BOOT3), epoch=E3, sha256="3" * 64),
        ]  # fmt: skip
        transaction.commit_batches(batches)
        said = [told(E1, BOOT, 2), told(E2, BOOT2, 2, parent=E1), told(E3, BOOT3, 1, parent=E2)]
        transaction.hold([holding(*said)])


def comes_late(transaction: Transaction, epoch: Epoch, boot: BootId, *, at_ms: int) -> None:
    """A second batch of one of the three boots."""
    stream = transaction.streams([(G1, epoch)])[G1, epoch]
    made = body(values(at_ms), boot=boot)
    transaction.commit_batches([batch(stream, 2, made, epoch=epoch, sha256="4" * 64)])


def readings(store: CityStore) -> list[tuple[object, ...]]:
    answer = store.query("SELECT value, time_quality, uncertainty_ms FROM readings ORDER BY 1, 2")
    return [tuple(row) for row in answer.rows]


def test_a_boot_between_two_dated_ones_is_estimated_and_marked(store: CityStore) -> None:
    three_boots(store)
    assert store.gateways_without_date() == [G1]
    with writing(store) as transaction:
        change = transaction.estimate(G1)
    assert {name for _, name in change.assets} == {LAMP[0]}
    slack_ms = 50 * HOUR - 7_000 + 500 - 4_000
    assert readings(store) == [
        (231.0, "estimated", slack_ms + 12),
        (231.0, "exact", 6),
        (232.0, "exact", 6),
        (234.0, "exact", 6),
        (237.0, "estimated", slack_ms + 12),
    ]
    order = store.query("SELECT value FROM readings ORDER BY observed_at")
    assert [value for (value,) in order.rows] == [231.0, 234.0, 231.0, 237.0, 232.0]
    events = store.query("SELECT time_quality, began_at FROM open_events").rows
    assert events[0][0] == "estimated"
    assert events[0][1]
    assert store.gateways_without_date() == []
    assert store.balance()[0].undated == 0


def test_a_boot_goes_before_a_dated_one_of_which_nothing_has_come_yet(
    store: CityStore, request: pytest.FixtureRequest
) -> None:
    """Only the second's origin is known; its one batch is still on the card."""
    to_come = EpochHolding(
        epoch=E2, boot=BOOT2, parent=Parent(epoch=E1, n=1), sealed=1,
        sealed_counts=Counts(readings=2), ranges=[held("open", 1, 1, 2)],
    )  # fmt: skip
    with writing(store) as transaction:
        streams = transaction.streams([(G1, E1), (G1, E2), (G1, E3)])
        second = Origin(boot=BOOT2, origin_ms=BEGUN, uncertainty_ms=5, revision=1, seen_ms=9_000)
        third = Origin(boot=BOOT3, origin_ms=AGAIN, uncertainty_ms=5, revision=1, seen_ms=0)
        transaction.date([(G1, second), (G1, third)])
        transaction.commit_batches([
            batch(streams[G1, E1], 1, body(values(1_000, 4_000), boot=BOOT)),
            batch(
                streams[G1, E3], 1, body(values(2_000), boot=BOOT3), epoch=E3, sha256="3" * 64
            ),
        ])  # fmt: skip
        transaction.hold([holding(told(E1, BOOT, 2), to_come, told(E3, BOOT3, 1, parent=E2))])
        transaction.estimate(G1)
    kind = request.node.callspec.params["open_store"]
    day = datetime.fromtimestamp(BEGUN / 1_000 - 1, UTC).date()
    assert committed_of_day(store, kind, day) == {G1: Counts(readings=2)}


def test_what_comes_late_of_an_estimated_boot_is_estimated_too(store: CityStore) -> None:
    three_boots(store)
    with writing(store) as transaction:
        transaction.estimate(G1)
        comes_late(transaction, E2, BOOT2, at_ms=6_000)
    assert [row[:2] for row in readings(store) if row[0] == 236.0] == [(236.0, "estimated")]


def test_what_a_worse_known_origin_dates_later_is_not_before_what_was_put_before_its_boot(
    store: CityStore,
) -> None:
    """The third boot's clock ran 40 seconds off in eleven days, until it was synchronised again."""
    three_boots(store)
    off = Origin(
        boot=BOOT3, origin_ms=AGAIN - 40_000, uncertainty_ms=5, revision=2, seen_ms=275 * HOUR
    )
    with writing(store) as transaction:
        transaction.estimate(G1)
        transaction.date([(G1, off)])
        comes_late(transaction, E3, BOOT3, at_ms=3_000)
    order = store.query("SELECT value FROM readings ORDER BY observed_at").rows
    assert [value for (value,) in order] == [231.0, 234.0, 231.0, 237.0, 233.0, 232.0]
    assert tuple(r for r in readings(store) if r[0] == 233.0) == (
        (233.0, "exact", 5 + 49_500 + 1_000),
    )


def test_a_true_origin_replaces_an_estimate_for_whatever_comes_after(store: CityStore) -> None:
    three_boots(store)
    late = Origin(boot=BOOT2, origin_ms=BEGUN + 9 * HOUR, uncertainty_ms=5, revision=1, seen_ms=0)
    with writing(store) as transaction:
        transaction.estimate(G1)
        transaction.date([(G1, late)])
        comes_late(transaction, E2, BOOT2, at_ms=6_000)
    assert [row for row in readings(store) if row[0] == 236.0] == [(236.0, "exact", 6)]
    assert {row[1] for row in readings(store) if row[0] == 237.0} == {"estimated"}


def test_repaired_readings_say_how_sure_their_time_is(store: CityStore) -> None:
    with writing(store) as transaction:
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.commit_batches([batch(stream, 1, body(values(1_000, HOUR)))])
        known = Origin(boot=BOOT, origin_ms=BEGUN, uncertainty_ms=5, revision=1, seen_ms=2 * HOUR)
        transaction.date([(G1, known)])
    # 2 hours less a second from where it was known, at 50 ppm, and it may have been slewed since
    assert {row[1:] for row in readings(store)} == {("repaired", 5 + 360 + 1_000)}


def test_a_gateway_whose_boots_are_all_dated_does_not_wait(store: CityStore) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1, G2])
        assert transaction.estimate(G2).assets == frozenset()
    assert store.gateways_without_date() == []


def test_a_day_counts_what_was_observed_in_it_on_either_store(
    store: CityStore, request: pytest.FixtureRequest
) -> None:
    three_boots(store)
    with writing(store) as transaction:
        transaction.estimate(G1)
    kind = request.node.callspec.params["open_store"]
    day = datetime.fromtimestamp(AGAIN / 1_000, UTC).date()
    assert committed_of_day(store, kind, day) == {G1: Counts(readings=3, events=1)}
    assert committed_of_day(store, kind, day + timedelta(days=9)) == {}


def test_a_hole_has_the_range_time_and_reason_that_the_gateway_states(store: CityStore) -> None:
    lost = HeldRange(
        state="lost", first=2, last=3, counts=Counts(readings=4), reason="outbox full",
        from_ms=20_000, to_ms=30_000,
    )  # fmt: skip
    said = EpochHolding(
        epoch=E1, boot=BOOT, sealed=3, sealed_counts=Counts(readings=6),
        ranges=[held("open", 1, 1, 2), lost],
    )  # fmt: skip
    with writing(store) as transaction:
        known = Origin(boot=BOOT, origin_ms=BEGUN, uncertainty_ms=5, revision=1)
        transaction.date([(G1, known)])
        transaction.hold([holding(said)])
    (balance,) = store.balance()
    (hole,) = balance.holes
    assert (hole.first, hole.last, hole.readings, hole.reason) == (2, 3, 4, "outbox full")
    assert (hole.from_ms, hole.to_ms) == (BEGUN + 20_000, BEGUN + 30_000)
    assert balance.stated_ms is not None
