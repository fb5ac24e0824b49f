"""The one file: flushed, never silently replaced, and never another program's."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from broker_bridge.errors import StoreGone, StoreNewer
from broker_bridge.stores.sqlite import SqliteStore
from tests.stores.making import E1, G1, NOW_MS, lamp_batch


def opened(path: Path) -> SqliteStore:
    return SqliteStore(path, now_ms=lambda: NOW_MS)


def commit(store: SqliteStore, n: int) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.commit_batches([lamp_batch(stream, n)])


def test_every_commit_is_flushed(tmp_path: Path) -> None:
    store = opened(tmp_path / "city.db")
    assert store.query("SELECT synchronous FROM pragma_synchronous").rows == ((2,),)
    store.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "city.db").close()
    with closing(sqlite3.connect(tmp_path / "city.db")) as database, database:
        database.execute("INSERT INTO schema_version VALUES (99, 'of the future')")
    with pytest.raises(StoreNewer, match="schema version 99"):
        opened(tmp_path / "city.db")


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "city.db")) as database, database:
        database.execute("CREATE TABLE payroll (id)")
    with pytest.raises(StoreGone, match="not a Nadi Kota store"):
        opened(tmp_path / "city.db")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "city.db").write_bytes(b"minutes of the council, not a database at all" * 99)
    with pytest.raises(StoreGone, match="not a database"):
        opened(tmp_path / "city.db")


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreGone, match="unable to open") as gone:
        opened(tmp_path / "nowhere" / "city.db")
    assert "folder exists" in gone.value.hint


def test_a_file_deleted_while_it_was_open_is_gone_and_not_written_any_more(tmp_path: Path) -> None:
    store = opened(tmp_path / "city.db")
    commit(store, 1)
    (tmp_path / "city.db").unlink()
    with pytest.raises(StoreGone, match="deleted or replaced"):
        commit(store, 2)
    with pytest.raises(StoreGone):
        commit(store, 2)
    assert not (tmp_path / "city.db").exists()


def test_a_file_locked_by_another_program_is_gone_and_used_again_afterwards(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path / "city.db", now_ms=lambda: NOW_MS, busy_timeout_s=0.05)
    with closing(sqlite3.connect(tmp_path / "city.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreGone, match="locked"):
            commit(store, 1)
    commit(store, 1)
    store.close()
