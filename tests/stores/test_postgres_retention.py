"""Months of readings go while bridges work, and while somebody reads for long."""

import threading
import time
from collections.abc import Iterator
from random import Random

import psycopg
import pytest
from psycopg import sql

from broker_bridge.errors import RetentionRefused, StoreBusy
from broker_bridge.stores.moments import moment_of
from broker_bridge.stores.postgres import PostgresStore
from broker_bridge.stores.postgres_rows import partition_of
from scripts.district.postgres import Postgres
from tests.stores.making import LAMP, Value
from tests.stores.test_retention import commit, count, hours, old, retain, truth

pytestmark = pytest.mark.system

WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
WAITS_FOR_VACUUM = """
SELECT count(*) FROM pg_locks WHERE mode = 'ShareUpdateExclusiveLock' AND NOT granted
"""
WAIT_S = 20.0


@pytest.fixture
def conninfo(postgres: Postgres) -> str:
    """An empty database."""
    return postgres.create_database(f"test_{Random().getrandbits(60):x}")


@pytest.fixture
def stores(conninfo: str) -> Iterator[tuple[PostgresStore, PostgresStore]]:
    """Two programs in one database."""
    first, second = PostgresStore(conninfo), PostgresStore(conninfo)
    yield first, second
    first.close()
    second.close()


def test_a_commit_on_its_way_is_waited_for_and_its_late_reading_is_not_forgotten(
    conninfo: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    bridge, other = stores
    values: list[Value] = [(LAMP, "voltage", old(3) + m, 220.0 + m) for m in range(2)]
    commit(bridge, 1, values[:1])
    waiting = threading.Thread(target=retain, args=(other,))

    def meanwhile() -> None:
        waiting.start()
        until_s = time.monotonic() + WAIT_S
        with psycopg.connect(conninfo, autocommit=True) as watching:
            while waiting.is_alive() and watching.execute(WAITS).fetchone() != (1,):
                assert time.monotonic() < until_s, "the retention does not wait"

    commit(bridge, 2, values[1:], before_the_end=meanwhile)
    waiting.join(WAIT_S)
    retain(other)
    assert hours(other) == truth(values)


def test_a_month_that_is_gone_does_not_come_back(
    conninfo: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    """Whether a bridge had known its partition, or starts after it went."""
    bridge, other = stores
    values: list[Value] = [(LAMP, "voltage", old(150) + m, 220.0 + m) for m in range(3)]
    commit(bridge, 1, values[:1])
    retain(other)
    commit(bridge, 2, values[1:2])
    newcomer = PostgresStore(conninfo)
    commit(newcomer, 3, values[2:])
    newcomer.close()
    assert count(bridge, "reading") == count(bridge, "reading_elsewhen") == 2
    retain(other)
    PostgresStore(conninfo).close()
    assert (hours(bridge), count(bridge, "reading")) == (truth(values), 0)


def test_who_reads_for_long_holds_up_the_retention_and_no_bridge(
    conninfo: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    bridge, other = stores
    commit(bridge, 1, [(LAMP, "voltage", old(150), 220.0)])
    with psycopg.connect(conninfo) as reader:
        reader.execute("SELECT count(*) FROM reading")
        with pytest.raises(StoreBusy, match="the table reading is in use all the time"):
            retain(other)
        commit(bridge, 2, [(LAMP, "voltage", old(1), 220.0)])
    assert retain(other).readings_gone == 1


def test_a_vacuum_of_another_month_holds_up_nothing(
    conninfo: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    bridge, other = stores
    commit(bridge, 1, [(LAMP, "voltage", old(150), 220.0), (LAMP, "voltage", old(1), 220.0)])
    with psycopg.connect(conninfo) as vacuum:
        vacuum.execute(as_a_vacuum(partition_at(old(1))))
        assert retain(other).readings_gone == 1


def test_a_vacuum_of_a_month_that_goes_is_waited_for_and_holds_up_no_bridge(
    conninfo: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    bridge, other = stores
    commit(bridge, 1, [(LAMP, "voltage", old(150), 220.0)])
    gone: list[int] = []
    retaining = threading.Thread(target=lambda: gone.append(retain(other).readings_gone))
    with psycopg.connect(conninfo) as vacuum, psycopg.connect(conninfo, autocommit=True) as asking:
        vacuum.execute(as_a_vacuum(partition_at(old(150))))
        retaining.start()
        until_s = time.monotonic() + WAIT_S
        while not (asking.execute(WAITS_FOR_VACUUM).fetchone() or (0,))[0]:
            assert time.monotonic() < until_s, "the retention does not wait"
        commit(bridge, 2, [(LAMP, "voltage", old(1), 220.0)])
        assert (asking.execute(WAITS_FOR_VACUUM).fetchone(), gone) == ((1,), [])
    retaining.join(WAIT_S)
    assert gone == [1]


def as_a_vacuum(table: str) -> sql.Composed:
    """What PostgreSQL's manual says of VACUUM's lock, until the transaction ends."""
    lock = sql.SQL("LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE")
    return lock.format(sql.Identifier(table))


def partition_at(instant_ms: int) -> str:
    """The table where a reading of this instant lies."""
    at = moment_of(instant_ms)
    return partition_of((at.year, at.month))


def test_a_bridge_of_before_must_end_first(
    conninfo: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    with (
        psycopg.connect(conninfo, application_name="nadi-bridge"),
        pytest.raises(RetentionRefused, match="before this store was upgraded still runs"),
    ):
        retain(stores[0])
    assert any(connected(conninfo) == 0 for _ in range(1_000))
    retain(stores[0])


def connected(conninfo: str) -> int:
    """How many bridges of before the server still knows: one that hangs up stays for a moment."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'nadi-bridge' AND datname = current_database()"
        ).fetchone()
    assert row
    return int(row[0])
