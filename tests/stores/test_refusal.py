"""A row that the database itself refuses rejects its own batch, and no other of the group."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import psycopg
import pytest

from broker_bridge.ingest import Ingest
from broker_bridge.opening import CityStore
from broker_bridge.stores.postgres import PostgresStore
from broker_bridge.stores.sqlite import SqliteStore
from scripts.district.postgres import Postgres
from tests.bridge.wire import TOPICS, Sender
from tests.stores.making import NOW_MS, REFUSED_W, REFUSES

REFUSED_N = 5


def settled_one_by_one(store: CityStore) -> None:
    sender = Sender()
    group = [sender.batch(n, watts=REFUSED_W if n == REFUSED_N else 61.0) for n in range(1, 12)]
    outcome = Ingest(store, TOPICS).take(group)
    (receipt,) = outcome.receipts
    (epoch,) = receipt.epochs
    assert epoch.committed == [(1, REFUSED_N - 1), (REFUSED_N + 1, 11)]
    assert [rejection.n for rejection in epoch.rejected] == [REFUSED_N]
    assert store.query("SELECT count(*) FROM reading").rows == ((10,),)
    ((reason, body),) = store.query("SELECT reason, body FROM quarantine").rows
    assert "the store refuses it" in str(reason)
    assert body == group[REFUSED_N - 1].payload


def test_a_row_that_sqlite_refuses_rejects_one_batch_and_not_its_group(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    with closing(SqliteStore(path, now_ms=lambda: NOW_MS)) as store:
        with closing(sqlite3.connect(path)) as database:
            database.execute(REFUSES["sqlite"][0])
        settled_one_by_one(store)


@pytest.mark.system
def test_a_row_that_postgresql_refuses_rejects_one_batch_and_not_its_group(
    postgres: Postgres,
) -> None:
    conninfo = postgres.create_database(f"refusing_{Random().getrandbits(60):x}")
    with closing(PostgresStore(conninfo)) as store:
        with psycopg.connect(conninfo, autocommit=True) as database:
            database.execute(REFUSES["postgresql"][0].encode())
        settled_one_by_one(store)
