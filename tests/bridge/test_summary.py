"""Well, faulty and silent assets are counted, and told when that changes or a broker is new."""

from datetime import UTC, datetime

import pytest

from broker_bridge.opening import CityStore
from broker_bridge.summary import INTERVAL_S, Summary
from contract.codec import decode_statement
from contract.identity import AssetId, Kind
from contract.messages import EventColumn, KindSummary, Status
from contract.readings import Phase
from tests.bridge.wire import TOPICS
from tests.stores.conftest import open_store, postgres, store
from tests.stores.making import E1, G1, G2, NOW_MS, batch, body, line, listing, origin

__all__ = ["open_store", "postgres", "store"]

HOUR_S = 3_600
TWO_HOURS_MS = 2 * HOUR_S * 1_000


class Told:
    """A clock, a broker and what was told it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.messages: dict[str, KindSummary] = {}
        self.summary = Summary(
            TOPICS,
            silent_after_s=HOUR_S,
            monotonic=lambda: self.now_s,
            now=lambda: datetime.fromtimestamp(NOW_MS / 1_000, UTC),
        )

    def hears(self, store: CityStore) -> dict[str, KindSummary]:
        """What is told in this turn, by the end of its topic."""
        self.messages = {}
        self.summary.tell(store, self._publish)
        return self.messages

    def _publish(self, topic: str, payload: bytes, retain: bool) -> bool:
        assert retain
        self.messages[topic.rpartition("/")[2]] = decode_statement(KindSummary, payload)
        return True


@pytest.fixture
def now_ms(request: pytest.FixtureRequest) -> int:
    """As the store sees it."""
    on_postgres = "postgresql" in request.node.callspec.id
    return int(datetime.now(UTC).timestamp() * 1_000) if on_postgres else NOW_MS


def lamps(store: CityStore, now_ms: int) -> None:
    """PJU-1 is well, PJU-2 has an open event, PJU-3 was heard long ago, PJU-4 is only listed."""
    well, faulty, silent = ((AssetId(f"PJU-{n}"), Kind.STREETLIGHT) for n in (1, 2, 3))
    values = [(asset, "voltage", TWO_HOURS_MS, 230.0) for asset in (well, faulty)]
    values.append((silent, "voltage", 0, 230.0))
    begun = EventColumn(
        id="ev-1", asset=1, type="lampFailure", phase=Phase.BEGIN, offset_ms=TWO_HOURS_MS
    )
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin(origin_ms=now_ms - TWO_HOURS_MS))])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.commit_batches([batch(stream, 1, body(values, [begun]))])
    store.load_registry(listing(1, [line(f"PJU-{n}", Kind.STREETLIGHT) for n in (1, 2, 3, 4)]))


def counts(summary: KindSummary) -> tuple[int, int, int]:
    return summary.well, summary.faulty, summary.silent


def test_each_asset_is_well_faulty_or_silent(store: CityStore, now_ms: int) -> None:
    lamps(store, now_ms)
    told = Told().hears(store)
    assert counts(told["streetlight"]) == (1, 1, 2)
    assert told["streetlight"].silent_after_s == HOUR_S
    assert told["streetlight"].as_of == "2026-11-18T11:06:40.000Z"
    assert counts(told["waste_bin"]) == (0, 0, 0)
    assert set(told) == {kind.value for kind in Kind}


def test_a_retired_asset_is_not_counted(store: CityStore, now_ms: int) -> None:
    lamps(store, now_ms)
    store.load_registry(listing(2, [line("PJU-3", Kind.STREETLIGHT, state="retired")]))
    assert counts(Told().hears(store)["streetlight"]) == (1, 1, 1)


def test_a_gateway_is_silent_unless_it_is_online(store: CityStore) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1, G2])
        transaction.hear([Status(gateway=G1, state="online", faults=["line pju: no adapter"])])
        transaction.hear([Status(gateway=G2, state="offline")])
    store.load_registry(listing(1, [line(name) for name in (G1, G2, "never-heard")]))
    assert counts(Told().hears(store)["gateway"]) == (0, 1, 2)


def test_only_what_changed_is_told_and_a_new_broker_hears_all_of_it(
    store: CityStore, now_ms: int
) -> None:
    told = Told()
    told.hears(store)
    lamps(store, now_ms)
    assert told.hears(store) == {}
    told.now_s += INTERVAL_S
    assert set(told.hears(store)) == {"streetlight", "gateway"}
    told.now_s += INTERVAL_S
    assert told.hears(store) == {}
    told.summary.say_again()
    assert len(told.hears(store)) == len(Kind)
