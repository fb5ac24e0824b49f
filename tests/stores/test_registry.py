"""The city's list marks what it names and never refuses a reading; each change of it is kept."""

from typing import Any

import pytest

from broker_bridge.errors import RegistryRefused
from broker_bridge.opening import CityStore
from broker_bridge.stores.registry import Line, State
from contract.identity import AssetId, Kind
from tests.stores.making import E1, G1, G2, lamp_batch, line, listing, origin

LAMP = (Kind.STREETLIGHT, AssetId("PJU-0001"))


def lamp(state: State = "listed", **more: Any) -> Line:
    return line(LAMP[1], LAMP[0], state=state, **more)


def commit(store: CityStore, n: int) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.commit_batches([lamp_batch(stream, n)])


def history(store: CityStore) -> list[tuple[Any, ...]]:
    sql = "SELECT number, name, state, title, planned_gateway FROM registry_change"
    return sorted(tuple(row) for row in store.query(sql).rows)


def test_the_registry_marks_and_never_refuses(store: CityStore) -> None:
    commit(store, 1)
    assert not store.asset_states([LAMP])[0].registered
    store.load_registry(listing(1, [line(G1), lamp(title="Jl. Betoambari", latitude=-5.0)]))
    assert store.asset_states([LAMP])[0].registered
    store.load_registry(listing(2, []))
    assert not store.asset_states([LAMP])[0].registered
    assert store.query("SELECT count(*) FROM reading").rows[0][0] == 2


def test_each_change_of_the_list_is_kept_with_the_number_of_its_registry(store: CityStore) -> None:
    first = [line(G1), line(G2), lamp(title="old", planned_gateway=G1)]
    store.load_registry(listing(1, first))
    store.load_registry(listing(4, [*first[:2], lamp(title="new", planned_gateway=G2)]))
    store.load_registry(listing(5, [line(G1), line(G2, state="retired")]))
    assert history(store) == [
        (1, "PJU-0001", "listed", "old", G1),
        (1, G1, "listed", "", ""),
        (1, G2, "listed", "", ""),
        (4, "PJU-0001", "listed", "new", G2),
        (5, "PJU-0001", "unlisted", "new", G2),
        (5, G2, "retired", "", ""),
    ]
    assert store.registry_number() == 5
    assert store.retired() == [(Kind.GATEWAY, AssetId(G2))]


def test_the_same_registry_again_changes_nothing(store: CityStore) -> None:
    assert store.registry_number() == 0
    registry = listing(3, [line(G1), lamp(latitude=-5.4702, longitude=122.5969)])
    changed = store.load_registry(registry)
    assert changed is not None
    assert [one.name for one in changed] == [G1, "PJU-0001"]
    assert store.load_registry(registry) is None
    assert store.load_registry(listing(4, registry.lines)) == []
    assert len(history(store)) == 2


def test_an_older_or_another_registry_is_refused_and_changes_nothing(store: CityStore) -> None:
    store.load_registry(listing(3, [line(G1)]))
    with pytest.raises(RegistryRefused, match="older than registry 3"):
        store.load_registry(listing(2, [line(G2)]))
    with pytest.raises(RegistryRefused, match="says something else"):
        store.load_registry(listing(3, [line(G2)], sha256="f" * 64))
    assert history(store) == [(3, G1, "listed", "", "")]


def test_what_was_heard_before_it_was_listed_keeps_its_row(store: CityStore) -> None:
    commit(store, 1)
    before = store.query("SELECT id FROM asset WHERE name = 'PJU-0001'").rows
    store.load_registry(listing(1, [line(G1), lamp(kelurahan="74.72.06.1007")]))
    assert store.query("SELECT id FROM asset WHERE name = 'PJU-0001'").rows == before
    commit(store, 2)
    assert store.asset_states([LAMP])[0].registered


def test_a_retired_asset_is_told_no_longer_though_its_backlog_is_stored(store: CityStore) -> None:
    store.load_registry(listing(1, [line(G1), lamp(state="retired")]))
    commit(store, 1)
    assert store.asset_states([LAMP]) == []
    assert store.query("SELECT count(*) FROM reading").rows[0][0] == 2


def test_an_asset_that_is_listed_as_another_kind_is_told_no_longer_as_what_it_was(
    store: CityStore,
) -> None:
    commit(store, 1)
    store.load_registry(listing(1, [lamp()]))
    moved = line(LAMP[1], Kind.CABINET)
    store.load_registry(listing(2, [moved]))
    assert store.retired() == [LAMP]
    assert store.asset_states([LAMP]) == []
    store.load_registry(listing(3, [moved]))
    assert store.retired() == [LAMP]
    store.load_registry(listing(4, [lamp()]))
    assert [name for name in store.retired() if name == LAMP] == []
    assert store.asset_states([LAMP])[0].registered
