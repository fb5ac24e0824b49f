"""Two bridges on one PostgreSQL, a frozen one, a killed server, and databases that are not ours."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import psycopg
import pytest

from broker_bridge.errors import StoreGone, StoreNewer
from broker_bridge.stores.postgres import PostgresStore
from broker_bridge.stores.postgres_partitioning import Partitioning
from broker_bridge.stores.schema import migrations_of
from contract.ranges import RangeSet
from scripts.district.ports import free_port
from scripts.district.postgres import Postgres
from tests.stores.making import BIN, E1, G1, G2, batch, body, lamp_batch, origin

pytestmark = pytest.mark.system


@pytest.fixture
def conninfo(postgres: Postgres) -> str:
    """An empty database."""
    return postgres.create_database(f"test_{Random().getrandbits(60):x}")


@pytest.fixture
def private_server(tmp_path: Path) -> Iterator[Postgres]:
    """A server that a test may kill."""
    server = Postgres(tmp_path / "postgresql", port=free_port(Random()))
    server.start()
    yield server
    server.discard()


def commit(store: PostgresStore, *numbers: int) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        fresh = [n for n in numbers if n not in stream.committed]
        transaction.commit_batches([lamp_batch(stream, n) for n in fresh])


def stored(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT count(*) FROM reading").fetchone()
    assert row is not None
    return int(row[0])


def together(*work: Callable[[], object]) -> None:
    with ThreadPoolExecutor(len(work)) as threads:
        for done in [threads.submit(each) for each in work]:
            done.result(timeout=60)


def test_two_bridges_that_start_at_once_make_one_schema(conninfo: str) -> None:
    together(*[lambda: PostgresStore(conninfo).close()] * 4)
    with psycopg.connect(conninfo) as connection:
        known = connection.execute("SELECT count(*) FROM schema_version").fetchone()
    assert known == (len(migrations_of("postgresql")),)


def test_two_bridges_with_the_same_batches_store_each_once(conninfo: str) -> None:
    numbers = range(1, 41)

    def work() -> None:
        store = PostgresStore(conninfo)
        for n in numbers:
            commit(store, n, n + 1)
        store.close()

    together(work, work, work)
    assert stored(conninfo) == 2 * 41


def test_two_bridges_that_name_gateways_in_opposite_order_do_not_block_each_other(
    conninfo: str,
) -> None:
    def work(names: list[str]) -> None:
        store = PostgresStore(conninfo)
        for n in range(30):
            with store.transaction() as transaction:
                transaction.lock(G1 if name == G1 else G2 for name in names)
                streams = transaction.streams([(G2, E1), (G1, E1)])
                for gateway in (G1, G2):
                    stream = streams[gateway, E1]
                    if n + 1 not in stream.committed:
                        made = lamp_batch(stream, n + 1, gateway=gateway)
                        transaction.commit_batches([made])
        store.close()

    together(lambda: work([G1, G2]), lambda: work([G2, G1]))
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("SELECT count(*) FROM batch").fetchone() == (60,)


def test_a_bridge_that_waited_for_a_lock_sees_what_it_waited_for(conninfo: str) -> None:
    first, second = PostgresStore(conninfo), PostgresStore(conninfo)
    holds = threading.Event()
    seen: list[RangeSet] = []

    def hold() -> None:
        with first.transaction() as transaction:
            transaction.lock([G1])
            stream = transaction.streams([(G1, E1)])[G1, E1]
            holds.set()
            transaction.commit_batches([lamp_batch(stream, 1)])

    def wait() -> None:
        holds.wait(10)
        with second.transaction() as transaction:
            transaction.lock([G1])
            seen.append(transaction.streams([(G1, E1)])[G1, E1].committed)

    together(hold, wait)
    first.close()
    second.close()
    assert seen == [RangeSet([(1, 1)])]


@pytest.mark.parametrize(
    ("wanted", "extension"), [("timescale", "timescaledb"), ("citus", "citus")]
)
def test_a_partitioning_whose_extension_is_missing_is_refused(
    conninfo: str, wanted: Partitioning, extension: str
) -> None:
    with pytest.raises(StoreGone, match=f"the database has no extension {extension}") as refused:
        PostgresStore(conninfo, partitioning=wanted)
    assert f"CREATE EXTENSION {extension}" in refused.value.hint


def test_a_bridge_that_freezes_in_a_transaction_lets_the_other_go_on_and_doubles_nothing(
    conninfo: str,
) -> None:
    frozen, other = PostgresStore(conninfo), PostgresStore(conninfo)
    with pytest.raises(StoreGone):
        freeze_while_committing(frozen, 1, meanwhile=lambda: commit_at_last(other, 1))
    commit(frozen, 1, 2)
    assert stored(conninfo) == 4
    frozen.close()
    other.close()


def freeze_while_committing(
    store: PostgresStore, number: int, *, meanwhile: Callable[[], None]
) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.commit_batches([lamp_batch(stream, number)])
        meanwhile()


def commit_at_last(store: PostgresStore, number: int) -> None:
    """As a bridge does, which waits a bounded time for a row and then begins anew."""
    for _ in range(4):
        with contextlib.suppress(StoreGone):
            commit(store, number)
            return
    pytest.fail("the row is held for ever")


def test_a_killed_server_is_gone_in_words_and_used_again_when_it_is_back(
    private_server: Postgres,
) -> None:
    store = PostgresStore(private_server.conninfo())
    commit(store, 1)
    private_server.kill()
    with pytest.raises(StoreGone, match="PostgreSQL cannot be used"):
        commit(store, 2)
    private_server.start()
    commit(store, 1, 2)
    assert stored(private_server.conninfo()) == 4
    store.close()


def test_a_server_that_does_not_flush_is_refused(private_server: Postgres) -> None:
    with psycopg.connect(private_server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("ALTER DATABASE nadi SET synchronous_commit = off")
    with pytest.raises(StoreGone, match="synchronous_commit = off") as refused:
        PostgresStore(private_server.conninfo())
    assert "postgresql.conf" in refused.value.hint


def test_a_newer_schema_is_refused(conninfo: str) -> None:
    PostgresStore(conninfo).close()
    with psycopg.connect(conninfo) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, 'of the future')")
    with pytest.raises(StoreNewer, match="schema version 99"):
        PostgresStore(conninfo)


def test_another_programs_database_is_left_alone(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE payroll (id int)")
    with pytest.raises(StoreGone, match="not a Nadi Kota store"):
        PostgresStore(conninfo)


def test_a_read_only_database_is_gone_and_nothing_is_rejected(conninfo: str) -> None:
    store = PostgresStore(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN EXECUTE format("
            "'ALTER DATABASE %I SET default_transaction_read_only = on', current_database());"
            " END $$"
        )
    store.close()
    with pytest.raises(StoreGone, match="read-only"):
        commit(store, 1)


def test_each_month_has_its_partition_and_other_times_go_elsewhere(conninfo: str) -> None:
    store = PostgresStore(conninfo)
    month_ms = 32 * 86_400_000
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin())])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        times = [0, 60 * month_ms, -400 * month_ms]
        bodies = [body([(BIN, "distance", 0, 1.0)], base_ms=at_ms) for at_ms in times]
        made = [batch(stream, n, each) for n, each in enumerate(bodies, start=1)]
        transaction.commit_batches(made)
    rows = store.query("SELECT tableoid::regclass::text FROM reading ORDER BY observed_at").rows
    assert [row[0] for row in rows] == ["reading_elsewhen", "reading_2026_11", "reading_2032_02"]
    store.close()
