"""An export beside bridges that commit: what is in flight is in it, or after its cursor."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import psycopg
import pytest
from psycopg import sql

from broker_bridge.config import BridgeSettings, StoreSettings
from broker_bridge.export.exporting import opened_moment
from broker_bridge.opening import opened_store
from broker_bridge.stores.exporting import Part
from broker_bridge.stores.postgres_batch_index import index_months
from scripts.district.postgres import Postgres
from tests.export.conftest import city
from tests.export.giving import exported, give, lamp_at, take
from tests.stores.making import BIN, G2, body, origin

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'batch'::regclass"
MONTHS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'reading'::regclass
"""
BOUND_S = 30.0

pytestmark = pytest.mark.system


@pytest.fixture
def settings(postgres: Postgres) -> BridgeSettings:
    conninfo = postgres.create_database(f"flight_{Random().getrandbits(60):x}")
    return city(StoreSettings(kind="postgresql", conninfo=conninfo))


def test_a_commit_in_flight_with_an_earlier_number_is_not_missed(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    conninfo = settings.store.conninfo
    with (
        ThreadPoolExecutor(1) as pool,
        opened_store(settings.store) as slow,
        opened_store(settings.store) as quick,
        psycopg.connect(conninfo, autocommit=True) as looking,
    ):
        for n, store in ((1, slow), (2, quick)):  # each knows its months now
            with store.transaction() as transaction:
                take(transaction, n, lamp_at(n), origins=[origin()])
        with slow.transaction() as transaction:
            bins = body([(BIN, "distance", 3_000, 300.0)])
            take(transaction, 1, bins, gateway=G2, origins=[origin()])
            with quick.transaction() as other:
                take(other, 4, lamp_at(4_000))
            going = pool.submit(exported, settings, tmp_path)
            while not (looking.execute(WAITING).fetchone() or (0,))[0]:
                assert not going.done(), "it did not wait for the commit in flight"
        made, rows = going.result(timeout=BOUND_S)
    assert sorted(row["observed_at"][17:23] for row in rows)[2:] == ["43.000", "44.000"]
    assert exported(settings, tmp_path, since=made.metadata.cursor)[1] == []


def test_what_is_committed_while_an_export_runs_is_after_its_cursor(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    give(settings, 1, lamp_at(1_000))
    with opened_moment(settings.store) as moment:
        give(settings, 2, lamp_at(2_000))
        blocks = list(moment.readings(Part()))
        assert sum(map(len, blocks)) == 1
    with opened_moment(settings.store) as later:
        (block,) = later.readings(Part(since=moment.position))
        assert later.facts_of(block).uncertainty_ms.tolist() == [21]


def test_every_month_has_its_index_by_batches_at_last(settings: BridgeSettings) -> None:
    conninfo = settings.store.conninfo
    with opened_store(settings.store), psycopg.connect(conninfo, autocommit=True) as database:
        assert index_months(conninfo) == 0  # new months have it from the beginning
        months = [name for (name,) in database.execute(MONTHS)]
        for name in months[2:]:
            database.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
        database.execute("DROP INDEX reading_by_batch")
        database.execute("CREATE INDEX reading_by_batch ON ONLY reading USING brin (batch_id)")
        assert index_months(conninfo) == 2
        assert index_months(conninfo) == 0
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'reading_by_batch'::regclass"
        assert database.execute(valid).fetchone() == (True,)
