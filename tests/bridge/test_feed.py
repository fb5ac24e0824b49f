"""The feed tells the store's newest, a few at a time, and no gateway can speak as another."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from broker_bridge.feed import STATES_AT_A_TIME, Feed
from broker_bridge.retained import Retained
from broker_bridge.store import AssetName
from broker_bridge.stores.sqlite import SqliteStore
from contract.identity import AssetId, GatewayId, Kind
from contract.messages import AssetState, Status
from tests.bridge.wire import TOPICS
from tests.stores.making import E1, G1, NOW_MS, batch, body, line, listing, origin


class Listener:
    """A broker that takes everything."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes, bool]] = []

    def publish(self, topic: str, payload: bytes, retain: bool) -> bool:
        self.told.append((topic, payload, retain))
        return True


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "city.db", now_ms=lambda: NOW_MS)) as opened:
        yield opened


def feed() -> Feed:
    return Feed(TOPICS)


def nothing() -> Retained:
    return Retained(lambda: 0.0)


def lamps(count: int) -> list[AssetName]:
    return [(Kind.STREETLIGHT, AssetId(f"PJU-{n:04}")) for n in range(count)]


def stored(store: SqliteStore, names: list[AssetName]) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        values = [((name, kind), "voltage", 0, 230.0) for kind, name in names]
        transaction.commit_batches([batch(stream, 1, body(values))])


def test_states_are_told_retained_a_few_at_a_time(store: SqliteStore) -> None:
    names = lamps(STATES_AT_A_TIME + 1)
    stored(store, names)
    listener = Listener()
    speaking = feed()
    speaking.note(names)
    done = speaking.tell_states(store, listener.publish, nothing())
    assert (done, len(listener.told)) == (False, STATES_AT_A_TIME)
    assert speaking.tell_states(store, listener.publish, nothing())
    assert {topic for topic, _, _ in listener.told} == {TOPICS.asset_state(*name) for name in names}
    assert all(retain for _, _, retain in listener.told)
    assert AssetState.model_validate_json(listener.told[0][1]).quantities["voltage"].value == 230.0


def test_what_could_not_be_told_is_told_later(store: SqliteStore) -> None:
    stored(store, lamps(1))
    speaking = feed()
    speaking.note(lamps(1))
    assert not speaking.tell_states(store, lambda *_: False, nothing())
    assert speaking.pending


def test_readings_of_a_gateway_never_take_the_topic_of_its_status(store: SqliteStore) -> None:
    forged: list[AssetName] = [(Kind.GATEWAY, AssetId("bb-0002"))]
    stored(store, forged)
    speaking = feed()
    speaking.note(forged)
    assert not speaking.pending


def heard(store: SqliteStore, *states: Literal["online", "offline"]) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        for state in states:
            transaction.hear([Status(gateway=G1, state=state)])


def test_of_several_statuses_the_newest_is_told_with_whether_the_city_knows_it(
    store: SqliteStore,
) -> None:
    heard(store, "online", "offline")
    store.load_registry(listing(1, [line(G1)]))
    listener, speaking = Listener(), feed()
    speaking.note_gateways([G1])
    assert speaking.tell_states(store, listener.publish, nothing())
    ((topic, payload, retain),) = listener.told
    assert topic == TOPICS.gateway_state(G1)
    assert (b'"offline"' in payload, b'"registered":true' in payload, retain) == (True,) * 3


def test_of_what_is_retired_nothing_is_told_and_nothing_is_retained(store: SqliteStore) -> None:
    names = lamps(2)
    stored(store, names)
    heard(store, "online")
    gone = [line(G1, state="retired"), line(names[0][1], names[0][0], state="retired")]
    store.load_registry(listing(1, gone))
    listener, speaking = Listener(), feed()
    speaking.clear(store.retired(), listener.publish)
    own = (TOPICS.gateway_state(G1), TOPICS.receipt(G1))
    cleared = {*own, TOPICS.asset_state(*names[0])}
    assert {topic for topic, payload, retain in listener.told if not payload and retain} == cleared
    speaking.note(names)
    speaking.note_gateways([G1])
    assert speaking.tell_states(store, listener.publish, nothing())
    assert [topic for topic, payload, _ in listener.told if payload] == [
        TOPICS.asset_state(*names[1])
    ]


def test_what_the_broker_retains_as_it_is_is_not_told_and_what_has_no_state_is_cleared(
    store: SqliteStore,
) -> None:
    names = lamps(2)
    stored(store, names)
    listener, speaking, retained = Listener(), feed(), nothing()
    speaking.note(names)
    assert speaking.tell_states(store, listener.publish, retained)
    told = len(listener.told)
    unknown = (Kind.WASTE_BIN, AssetId("TPS-9999"))
    strange = (Kind.GATEWAY, AssetId("bb-9999"))
    for name in (unknown, strange):
        retained.hear(name, b"{}", retained=True)
    speaking.note_any([*names, unknown, strange])
    assert speaking.tell_states(store, listener.publish, retained)
    assert listener.told[told:] == [
        (TOPICS.gateway_state(GatewayId("bb-9999")), b"", True),
        (TOPICS.asset_state(*unknown), b"", True),
    ]
