"""Whatever a released agent sends is taken in by this bridge, and its receipt closes it."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker_bridge.inbound import Arrived
from broker_bridge.ingest import Ingest, Outcome
from broker_bridge.stores.sqlite import SqliteStore
from contract.identity import GatewayId, Lane
from tests.bridge.wire import TOPICS
from tests.stores.making import NOW_MS

CONTRACT = Path(__file__).parents[1] / "fixtures" / "contract"
VERSIONS = sorted(path for path in CONTRACT.glob("v*"))
GATEWAY = GatewayId("bb-0001")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "city.db", now_ms=lambda: NOW_MS)) as opened:
        yield opened


def batch(folder: Path, name: str) -> Arrived:
    fields = json.loads((folder / f"{name}.header.json").read_text())
    return Arrived(
        topic=TOPICS.batch(GATEWAY, Lane.LIVE),
        header=tuple((key, value) for key, value in fields),
        payload=(folder / f"{name}.body").read_bytes(),
    )


def statement(folder: Path, name: str, topic: str) -> Arrived:
    payload = (folder / f"{name}.json").read_bytes().rstrip(b"\n")
    return Arrived(topic=topic, header=(), payload=payload)


def replayed(folder: Path, store: SqliteStore) -> Outcome:
    """All that goes up, as that version's agent sent it."""
    bodies = sorted(path.name.removesuffix(".body") for path in folder.glob("*.body"))
    statuses = sorted(path.stem for path in folder.glob("status*.json"))
    return Ingest(store, TOPICS).take(
        [
            statement(folder, "holding", TOPICS.holding(GATEWAY)),
            *(batch(folder, name) for name in bodies),
            *(statement(folder, name, TOPICS.status(GATEWAY)) for name in statuses),
        ]
    )


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.name)
def test_every_golden_message_of_an_agent_is_taken(folder: Path, store: SqliteStore) -> None:
    outcome = replayed(folder, store)
    assert outcome.refusals == ()
    assert [receipt.gateway for receipt in outcome.receipts] == [GATEWAY]
    batches = len(list(folder.glob("*.body")))
    assert store.query("SELECT count(*) FROM batch").rows == ((batches,),)
    (counted,) = store.query("SELECT sum(readings), sum(events) FROM batch").rows
    stored = store.query(
        "SELECT (SELECT count(*) FROM reading) + (SELECT count(*) FROM undated),"
        " (SELECT count(*) FROM event)"
    )
    assert stored.rows == (counted,)


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.name)
def test_golden_messages_sent_twice_are_stored_once(folder: Path, store: SqliteStore) -> None:
    first = replayed(folder, store)
    again = replayed(folder, store)
    assert again.refusals == ()
    assert again.receipts[0].epochs == first.receipts[0].epochs
    assert store.query("SELECT count(*) FROM batch").rows == ((2,),)
