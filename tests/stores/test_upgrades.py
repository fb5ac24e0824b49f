"""A store of every version that there was is brought up to date with all that is in it, or not."""

import hashlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random

import psycopg
import pytest

from broker_bridge.config import StoreSettings
from broker_bridge.errors import StoreGone
from broker_bridge.ingest import Ingest
from broker_bridge.opening import CityStore, opened_store
from broker_bridge.stores import schema
from broker_bridge.stores.postgres import PostgresStore
from broker_bridge.stores.postgres_schema import migrate, version_of
from broker_bridge.stores.schema import Migration, migrations_of
from contract.identity import AssetId, Kind
from contract.messages import Counts
from scripts.district.postgres import Postgres
from tests.bridge.wire import TOPICS, Sender

FIXTURES = Path(__file__).parents[1] / "fixtures" / "stores"
MIGRATIONS = Path(schema.__file__).parent / "migrations"
NEWEST = migrations_of("sqlite")[-1].version
# Made by every version: the program keeps count of its steps by itself.
VERSION_TABLE = "CREATE TABLE schema_version (version integer PRIMARY KEY, name text NOT NULL)"
LAMP = (Kind.STREETLIGHT, AssetId("PJU-0417"))

Old = Callable[[int], StoreSettings]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Old:
    """A store as the program of that version left it, with what the first one wrote."""
    if request.param == "sqlite":
        return lambda version: sqlite_of(tmp_path / f"v{version}.db", version)
    server: Postgres = request.getfixturevalue("postgres")
    return lambda version: postgres_of(server, version)


def sqlite_of(path: Path, version: int) -> StoreSettings:
    first, *later = migrations_of("sqlite")[:version]
    rows = (FIXTURES / "sqlite-v1.sql").read_text()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA application_id = 0x4E414449")
        database.execute(f"{VERSION_TABLE} STRICT")
        database.executescript(first.sql + rows + "".join(one.sql for one in later))
        database.executemany("INSERT INTO schema_version VALUES (?, ?)", steps(first, *later))
    return StoreSettings(kind="sqlite", path=str(path))


def postgres_of(server: Postgres, version: int) -> StoreSettings:
    first, *later = migrations_of("postgresql")[:version]
    rows = (FIXTURES / "postgresql-v1.sql").read_text()
    conninfo = server.create_database(f"old_{Random().getrandbits(60):x}")
    with psycopg.connect(conninfo) as database, database.cursor() as cursor:
        cursor.execute(VERSION_TABLE)
        for script in (first.sql, rows, *(one.sql for one in later)):
            cursor.execute(script.encode())
        cursor.executemany("INSERT INTO schema_version VALUES (%s, %s)", steps(first, *later))
    return StoreSettings(kind="postgresql", conninfo=conninfo)


def steps(*migrations: Migration) -> list[tuple[int, str]]:
    return [(one.version, one.name) for one in migrations]


def check_whole(store: CityStore) -> None:
    """All that the golden rows say."""
    (balance,) = store.balance()
    assert balance.sealed == Counts(readings=5, events=1)
    assert balance.committed == Counts(readings=3, events=1)
    assert (balance.rejected, balance.lost) == (Counts(readings=1), Counts(readings=1))
    assert (balance.undated, balance.unexplained) == (1, (0, 0))
    assert [hole.reason for hole in balance.holes if hole.state == "lost"] == ["card failed"]
    (state,) = store.asset_states([LAMP])
    assert state.quantities["voltage"].value == 301.5
    assert [(one.id, one.type) for one in state.open_events] == [("ev-1", "lampFailure")]
    values = store.query("SELECT value, quality FROM readings ORDER BY observed_at").rows
    assert values == ((229.5, "good"), (301.5, "suspect"))


@pytest.mark.parametrize("version", range(1, NEWEST + 1))
def test_a_store_of_every_version_keeps_what_it_has_and_takes_what_comes(
    version: int, old: Old
) -> None:
    settings = old(version)
    with opened_store(settings) as store:
        assert store.schema_version() == NEWEST
        check_whole(store)
        taken = Ingest(store, TOPICS).take([Sender().batch(n) for n in (3, 6)])
        (receipt,) = taken.receipts
        assert receipt.epochs[0].committed == [(1, 3), (6, 6)]
    with opened_store(settings) as again:
        assert again.balance()[0].committed == Counts(readings=4, events=1)


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    settings = sqlite_of(tmp_path / "old.db", 5)
    with closing(sqlite3.connect(settings.path)) as database, database:
        database.execute("CREATE TABLE retention (of_another TEXT)")  # the sixth makes one too
    with pytest.raises(StoreGone, match="retention already exists"), opened_store(settings):
        pass
    with closing(sqlite3.connect(settings.path)) as database, database:
        (version,) = database.execute("SELECT max(version) FROM schema_version").fetchone()
        assert version == 5
        tables = database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'hourly'")
        assert tables.fetchone() == (0,)
        database.execute("DROP TABLE retention")
    with opened_store(settings) as store:
        check_whole(store)


@pytest.fixture
def first(postgres: Postgres) -> str:
    """A store of the first version on PostgreSQL, that its bridge still writes."""
    return postgres_of(postgres, 1).conninfo


IN_THE_MIDDLE_OF_A_COMMIT = """
SELECT id FROM gateway FOR UPDATE;
UPDATE stream SET sealed = sealed
"""
ITS_REST = """
INSERT INTO batch (stream_id, n, sha256, readings, events, sealed_readings, sealed_events, boot_id)
VALUES (1, 9, '9', 0, 0, 0, 0, 1)
"""
WAITING = """
SELECT count(*) FROM pg_locks WHERE NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest.mark.system
def test_an_upgrade_waits_for_the_commit_at_hand_and_does_not_stop_it(first: str) -> None:
    with psycopg.connect(first) as old, ThreadPoolExecutor(1) as starting:
        old.execute(IN_THE_MIDDLE_OF_A_COMMIT)
        new = starting.submit(PostgresStore, first)
        wait_until_somebody_waits(first)
        old.execute(ITS_REST)
        old.commit()
        store = new.result(timeout=30)
    assert store.schema_version() == NEWEST
    store.close()


@pytest.mark.system
def test_an_upgrade_that_does_not_get_the_tables_lets_the_bridges_go_on(first: str) -> None:
    with psycopg.connect(first) as backup, psycopg.connect(first, autocommit=True) as starting:
        backup.execute("SELECT count(*) FROM event")  # its transaction lasts
        with pytest.raises(StoreGone, match="its tables are in use all the time"):
            migrate(starting, patience_s=0.1)
        backup.execute("INSERT INTO gateway (name) VALUES ('bb-0009')")
        backup.commit()
        migrate(starting)
        with starting.cursor() as cursor:
            assert version_of(cursor) == NEWEST


def wait_until_somebody_waits(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as asking:
        while asking.execute(WAITING).fetchone() == (0,):
            pass


def test_a_migration_that_a_city_may_have_run_is_never_changed() -> None:
    said = (FIXTURES / "migrations.sha256").read_text().split()
    there = sorted(MIGRATIONS.glob("*/*.sql"))
    assert {f"{one.parent.name}/{one.name}": _sha256(one) for one in there} == dict(
        zip(said[1::2], said[::2], strict=True)
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
