"""What both stores must do; PostgreSQL and SQLite run the same suite."""

from collections.abc import Sequence

import pytest

from broker_bridge.errors import StoreRefused
from broker_bridge.opening import CityStore
from broker_bridge.store import Balance, Change, GatewayFacts, Quarantined, Rejected, Stream
from contract.identity import AssetId, Epoch, GatewayId, Kind
from contract.messages import Backlog, Counts, EventColumn, GatewayState, Status
from contract.ranges import RangeSet
from contract.readings import Phase
from tests.stores.conftest import OpenStore
from tests.stores.making import (
    BIN,
    BOOT,
    BOOT2,
    E1,
    E2,
    G1,
    G2,
    LAMP,
    NOW_MS,
    batch,
    body,
    epoch_holding,
    held,
    holding,
    lamp_batch,
    origin,
)


def commit(store: CityStore, *numbers: int, dated: bool = True, epoch: Epoch = E1) -> Change:
    with store.transaction() as transaction:
        transaction.lock([G1])
        if dated:
            transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, epoch)])[G1, epoch]
        return transaction.commit_batches([lamp_batch(stream, n, epoch=epoch) for n in numbers])


def facts(store: CityStore, gateway: GatewayId = G1) -> GatewayFacts:
    with store.transaction() as transaction:
        transaction.lock([gateway])
        return transaction.facts([gateway])[0]


def the_stream(store: CityStore) -> Stream:
    with store.transaction() as transaction:
        transaction.lock([G1])
        return transaction.streams([(G1, E1)])[G1, E1]


def count(store: CityStore, table: str) -> int:
    (row,) = store.query(f"SELECT count(*) FROM {table}").rows
    assert isinstance(row[0], int)
    return row[0]


def the_balance(store: CityStore) -> Balance:
    return next(one for one in store.balance() if one.gateway == G1)


def event(name: str, phase: Phase, at_ms: int) -> EventColumn:
    return EventColumn(id=name, asset=0, type="deviceUnreachable", phase=phase, offset_ms=at_ms)


def commit_events(store: CityStore, n: int, *events: EventColumn) -> Change:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        return transaction.commit_batches([batch(stream, n, body(events=events, assets=[LAMP]))])


def test_a_committed_batch_is_there_with_its_number(store: CityStore) -> None:
    commit(store, 1, 2, 4)
    assert the_stream(store).committed == RangeSet([(1, 2), (4, 4)])
    rows = store.query(
        "SELECT asset, quantity, value, unit, quality, time_quality, gateway, epoch, n"
        " FROM readings WHERE n = 4 ORDER BY quantity"
    ).rows
    assert [tuple(row) for row in rows] == [
        ("PJU-0001", "current", 0.5, "A", "good", "exact", G1, E1, 4),
        ("PJU-0001", "voltage", 224.0, "V", "good", "exact", G1, E1, 4),
    ]


def test_the_same_number_twice_is_stored_once(store: CityStore) -> None:
    commit(store, 1, 2)
    commit(store, 2, 3)
    assert count(store, "reading") == 6
    assert the_stream(store).committed == RangeSet([(1, 3)])


def test_a_number_twice_in_one_group_is_stored_once(store: CityStore) -> None:
    commit(store, 1, 1)
    assert count(store, "reading") == 2


def test_a_transaction_that_fails_leaves_nothing(store: CityStore) -> None:
    def fail() -> None:
        with store.transaction() as transaction:
            transaction.lock([G1])
            stream = transaction.streams([(G1, E1)])[G1, E1]
            transaction.commit_batches([lamp_batch(stream, 1)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert count(store, "reading") == count(store, "undated") == count(store, "batch") == 0
    commit(store, 1)
    assert count(store, "reading") == 2


def test_a_second_program_sees_what_the_first_committed(open_store: OpenStore) -> None:
    first, second = open_store(), open_store()
    commit(first, 1, 2)
    commit(second, 2, 3)
    assert count(first, "reading") == 6
    assert the_stream(second).committed == RangeSet([(1, 3)])


def test_digests_name_the_bytes_that_were_committed(store: CityStore) -> None:
    commit(store, 1)
    with store.transaction() as transaction:
        transaction.lock([G1])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        digests = transaction.digests([(stream, 1), (stream, 2)])
    assert dict(digests) == {(stream.id, 1): f"{1:064x}"}


def test_readings_of_a_boot_without_origin_wait_undated(store: CityStore) -> None:
    change = commit(store, 1, 2, dated=False)
    assert change.assets == frozenset()
    assert (count(store, "reading"), count(store, "undated")) == (0, 4)
    assert store.asset_states([(Kind.STREETLIGHT, AssetId("PJU-0001"))]) == []


def test_an_origin_moves_them_once_as_repaired(store: CityStore) -> None:
    commit(store, 1, 2, dated=False)
    for _ in range(2):
        with store.transaction() as transaction:
            transaction.lock([G1])
            change = transaction.date([(G1, origin())])
    assert (count(store, "reading"), count(store, "undated")) == (4, 0)
    assert change.assets == frozenset()
    qualities = store.query("SELECT DISTINCT time_quality FROM readings").rows
    assert [tuple(row) for row in qualities] == [("repaired",)]
    (state,) = store.asset_states([(Kind.STREETLIGHT, AssetId("PJU-0001"))])
    assert state.observed_at == "2026-11-18T11:07:00.000Z"


def test_dating_tells_which_assets_changed(store: CityStore) -> None:
    commit(store, 1, dated=False)
    with store.transaction() as transaction:
        transaction.lock([G1])
        change = transaction.date([(G1, origin())])
    assert change.assets == {(Kind.STREETLIGHT, AssetId("PJU-0001"))}


def test_a_lower_revision_of_an_origin_is_not_believed(store: CityStore) -> None:
    commit(store, 1)
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin(origin_ms=NOW_MS + 5_000, revision=3))])
        transaction.date([(G1, origin(origin_ms=5, revision=2))])
    commit(store, 2, dated=False)
    (state,) = store.asset_states([(Kind.STREETLIGHT, AssetId("PJU-0001"))])
    assert state.observed_at == "2026-11-18T11:07:05.000Z"


def test_one_boots_origin_does_not_date_another(store: CityStore) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin(BOOT2))])
    commit(store, 1, dated=False)
    assert count(store, "undated") == 2
    assert BOOT != BOOT2


def test_backlog_never_takes_a_state_back_in_time(store: CityStore) -> None:
    commit(store, 9)
    change = commit(store, 3)
    assert change.assets == frozenset()
    (state,) = store.asset_states([(Kind.STREETLIGHT, AssetId("PJU-0001"))])
    assert state.quantities["voltage"].value == 229.0


def test_a_suspect_reading_is_stored_and_says_so(store: CityStore) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        values = [(LAMP, "voltage", 0, 999.0), (LAMP, "current", 0, 0.4)]
        transaction.commit_batches([batch(stream, 1, body(values, suspect=[0]))])
    (state,) = store.asset_states([(Kind.STREETLIGHT, AssetId("PJU-0001"))])
    assert state.quantities["voltage"].quality == "suspect"
    assert state.quantities["current"].quality == "good"


def test_an_instant_that_no_clock_means_is_kept_within_the_years(store: CityStore) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        far = body([(LAMP, "voltage", 0, 1.0)], base_ms=2**50)
        old = body([(BIN, "distance", 0, 2.0)], base_ms=-(2**50))
        transaction.commit_batches([batch(stream, 1, far), batch(stream, 2, old)])
    assert count(store, "reading") == 2


def test_an_event_is_open_until_its_end_is_stored(store: CityStore) -> None:
    change = commit_events(store, 1, event("e-1", Phase.BEGIN, 500))
    assert [told.id for told in change.events] == ["e-1"]
    (state,) = store.asset_states([(Kind.STREETLIGHT, AssetId("PJU-0001"))])
    assert [opened.id for opened in state.open_events] == ["e-1"]
    commit_events(store, 2, event("e-1", Phase.END, 900))
    (state,) = store.asset_states([(Kind.STREETLIGHT, AssetId("PJU-0001"))])
    assert state.open_events == []


def test_an_end_that_comes_before_its_begin_leaves_nothing_open(store: CityStore) -> None:
    commit_events(store, 2, event("e-1", Phase.END, 900))
    commit_events(store, 1, event("e-1", Phase.BEGIN, 500))
    (state,) = store.asset_states([(Kind.STREETLIGHT, AssetId("PJU-0001"))])
    assert state.open_events == []


def test_a_receipts_version_only_grows(store: CityStore) -> None:
    commit(store, 1)
    versions = [facts(store).version for _ in range(3)]
    assert versions == sorted(set(versions))
    assert versions[0] >= NOW_MS - 10**12


def test_facts_name_committed_rejected_and_lost(store: CityStore) -> None:
    commit(store, 1, 2)
    with store.transaction() as transaction:
        transaction.lock([G1])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.reject([Rejected(stream=stream, n=3, sha256="a" * 64, reason="no\0good")])
        transaction.hold([holding(epoch_holding(held("open", 1, 3, 6), held("lost", 4, 6, 6)))])
    (told,) = facts(store).streams
    assert told.committed == RangeSet([(1, 2)])
    assert told.rejected == ((3, "a" * 64, "no\ufffdgood"),)
    assert told.lost == RangeSet([(4, 6)])
    assert told.last == 6


def test_committed_overrules_rejected(store: CityStore) -> None:
    for _ in range(2):
        with store.transaction() as transaction:
            transaction.lock([G1])
            stream = transaction.streams([(G1, E1)])[G1, E1]
            transaction.reject([Rejected(stream=stream, n=1, sha256="a" * 64, reason="no")])
        commit(store, 1)
    (told,) = facts(store).streams
    assert (told.committed, told.rejected) == (RangeSet([(1, 1)]), ())


def test_an_older_holding_changes_nothing(store: CityStore) -> None:
    for revision, sealed in ((2, 5), (1, 9)):
        with store.transaction() as transaction:
            transaction.lock([G1])
            stated = epoch_holding(held("open", 1, sealed, sealed))
            transaction.hold([holding(stated, revision=revision)])
    assert the_balance(store).held == Counts(readings=5, events=0)


def test_an_epoch_that_is_no_longer_stated_is_no_longer_receipted(store: CityStore) -> None:
    commit(store, 1)
    commit(store, 1, epoch=E2)
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.hold([holding(epoch_holding(held("settled", 1, 1, 2), epoch=E2))])
    assert [told.epoch for told in facts(store).streams] == [E2]


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([("settled", 1, 2, 4), ("open", 3, 5, 6)], (10, 4, 6, 0, 0)),
        ([("settled", 1, 2, 4), ("lost", 3, 5, 6)], (10, 4, 0, 0, 6)),
        ([("evicted", 1, 2, 4), ("open", 3, 5, 6)], (10, 4, 6, 0, 0)),
        ([("evicted", 1, 4, 8), ("open", 5, 5, 2)], (10, 4, 2, 0, 4)),
        ([("open", 1, 5, 10)], (10, 4, 6, 0, 0)),
        ([("lost", 1, 5, 10)], (10, 4, 0, 0, 6)),
    ],
)
def test_the_balance_puts_each_reading_under_one_heading(
    store: CityStore,
    ranges: Sequence[tuple[str, int, int, int]],
    expected: tuple[int, int, int, int, int],
) -> None:
    commit(store, 1, 2)
    with store.transaction() as transaction:
        transaction.lock([G1])
        stated = [held(state, first, last, count) for state, first, last, count in ranges]  # type: ignore[arg-type]
        transaction.hold([holding(epoch_holding(*stated))])
    sheet = the_balance(store)
    counts = (sheet.sealed, sheet.committed, sheet.held, sheet.rejected, sheet.lost)
    assert tuple(one.readings for one in counts) == expected
    assert sheet.unexplained == (0, 0)


def test_rejected_numbers_are_rejected_even_after_they_were_evicted(store: CityStore) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.reject([Rejected(stream=stream, n=1, sha256="a" * 64, reason="no")])
        transaction.hold([holding(epoch_holding(held("evicted", 1, 1, 7)))])
    assert the_balance(store).rejected == Counts(readings=7, events=0)
    assert the_balance(store).unexplained == (0, 0)


def test_a_batch_committed_before_its_statement_counts_as_sealed(store: CityStore) -> None:
    commit(store, 1, 3)
    sheet = the_balance(store)
    assert (sheet.sealed.readings, sheet.committed.readings, sheet.held.readings) == (6, 4, 2)


def test_the_noisiest_gateways_oldest_messages_leave_the_quarantine_first(
    store: CityStore,
) -> None:
    def item(gateway: GatewayId, n: int) -> Quarantined:
        return Quarantined(
            topic="t", gateway=gateway, reason=f"r{n}", header=(("k", "v\0"),), body=b"\0" * 300
        )

    for n in range(8):
        with store.transaction() as transaction:
            transaction.lock([G1, G2])
            transaction.quarantine([item(G1, n)])
    with store.transaction() as transaction:
        transaction.lock([G1, G2])
        transaction.quarantine([item(G2, 99)])
    kept = store.query("SELECT gateway, reason FROM quarantine ORDER BY id").rows
    assert [tuple(row) for row in kept][-1] == (G2, "r99")
    assert (G1, "r0") not in [tuple(row) for row in kept]
    (dropped,) = store.query("SELECT dropped FROM quarantine_tally WHERE dropped > 0").rows
    assert dropped[0] == 9 - len(kept)


def test_a_status_is_told_as_it_was_last_heard(store: CityStore) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.hear([Status(gateway=G1, state="online")])
        transaction.hear([Status(gateway=G1, state="offline")])
    rows = store.query("SELECT status FROM gateway").rows
    assert '"offline"' in str(rows[0][0])
    assert store.gateways() == [G1]


def test_a_last_will_leaves_what_the_gateway_said_last_and_since_when_it_is_gone(
    store: CityStore,
) -> None:
    waits = Backlog(batches=3, counts=Counts(readings=9), oldest_age_ms=20_250)
    said = Status(gateway=G1, state="online", backlog=waits, runway_days=44.5, faults=["x"])

    def hear(status: Status) -> GatewayState:
        with store.transaction() as transaction:
            transaction.lock([G1])
            transaction.hear([status])
        (state,) = store.gateway_states([G1])
        return state

    hear(said)
    gone = hear(Status(gateway=G1, state="offline"))
    assert gone.status == said.model_copy(update={"state": "offline"})
    # A broker says what it retains to every bridge that starts: that is no news.
    assert hear(Status(gateway=G1, state="offline")).heard_at == gone.heard_at
    back = hear(said)
    assert back.heard_at >= gone.heard_at
    assert (back.status, hear(said).heard_at) == (said, back.heard_at)


def test_what_the_database_itself_refuses_is_refused_in_words(store: CityStore) -> None:
    def commit_to_nowhere() -> None:
        with store.transaction() as transaction:
            transaction.lock([G1])
            wrong = Stream(id=10**9, committed=RangeSet())
            transaction.commit_batches([lamp_batch(wrong, 1)])

    with pytest.raises(StoreRefused, match="refuses the data"):
        commit_to_nowhere()
    commit(store, 1)
    assert count(store, "reading") == 2
