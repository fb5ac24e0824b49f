"""A store is copied while it is written, and put back whole or not at all."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from broker_bridge.backup import MANIFEST, back_up, read_backup, restore
from broker_bridge.config import StoreSettings
from broker_bridge.errors import BackupRefused, StoreNewer
from broker_bridge.ingest import Ingest
from broker_bridge.kept_backups import keep_newest
from broker_bridge.opening import opened_store
from broker_bridge.stores.sqlite_backup import copy_store
from scripts.district.postgres import Postgres
from tests.bridge.wire import TOPICS, Sender
from tests.system.one_agent import small_card

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 13, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[StoreSettings, StoreSettings]:
    """Two places of one kind: where a store is, and where none is yet."""
    if request.param == "sqlite":
        return sqlite(tmp_path / "city.db"), sqlite(tmp_path / "new.db")
    server: Postgres = request.getfixturevalue("postgres")
    names = [f"backup_{Random().getrandbits(60):x}" for _ in range(2)]
    first, second = (
        StoreSettings(kind="postgresql", conninfo=server.create_database(name)) for name in names
    )
    return first, second


def sqlite(path: Path) -> StoreSettings:
    return StoreSettings(kind="sqlite", path=str(path))


def take(settings: StoreSettings, *numbers: int) -> None:
    with opened_store(settings) as store:
        Ingest(store, TOPICS).take([Sender().batch(n) for n in numbers])


def committed(settings: StoreSettings) -> int:
    with opened_store(settings) as store:
        return sum(one.committed.readings for one in store.balance())


def test_a_backup_put_into_an_empty_place_is_the_store_as_it_was(
    stores: tuple[StoreSettings, StoreSettings], tmp_path: Path
) -> None:
    there, empty = stores
    take(there, 1, 2, 3)
    made = back_up(there, tmp_path / "backups", now=NOW)
    take(there, 4)
    restore(empty, made.folder, now=LATER, replace=False)
    assert (committed(empty), committed(there)) == (3, 4)
    take(empty, 3, 4)
    assert committed(empty) == 4


def test_a_backup_that_is_overtaken_while_it_is_made_is_taken_back(
    stores: tuple[StoreSettings, StoreSettings], tmp_path: Path
) -> None:
    there, empty = stores
    take(there, *range(1, 50))
    made, numbers = threading.Event(), iter(range(50, 10_000))

    def overtake() -> None:
        with opened_store(there) as other:
            while not made.is_set():
                Ingest(other, TOPICS).take([Sender().batch(next(numbers))])

    with ThreadPoolExecutor() as beside:
        writing = beside.submit(overtake)
        try:
            backups = [back_up(there, tmp_path / f"{night}", now=NOW).folder for night in range(3)]
        finally:
            made.set()
        writing.result()
    restore(empty, backups[-1], now=LATER, replace=False)
    assert 49 < committed(empty) == read_backup(backups[-1]).committed.readings


def test_a_copy_is_of_one_moment_however_often_it_is_overtaken(tmp_path: Path) -> None:
    there, copy = sqlite(tmp_path / "city.db"), sqlite(tmp_path / "copy.db")
    take(there, *range(1, 50))
    numbers, steps = iter(range(50, 10_000)), list[float]()
    with opened_store(there) as other:

        def write(share: float) -> None:
            steps.append(share)
            Ingest(other, TOPICS).take([Sender().batch(next(numbers))])

        copy_store(Path(there.path), Path(copy.path), write, pages=2)
    assert len(steps) > 10
    assert (committed(copy), committed(there)) == (49, 49 + len(steps))


def test_of_nightly_backups_the_newest_stay_and_nothing_else_is_touched(tmp_path: Path) -> None:
    there, folder = sqlite(tmp_path / "city.db"), tmp_path / "backups"
    take(there, 1)
    nights = [datetime(2026, 11, day, 1, 30, tzinfo=UTC) for day in range(1, 6)]
    made = [back_up(there, folder, now=night).folder for night in nights]
    (made[4] / MANIFEST).unlink()  # a power cut in the last night
    (made[1] / MANIFEST).unlink()
    (folder / "nadi-store-of-the-office").mkdir()
    assert keep_newest(folder, 2) == [made[0], made[1]]
    assert sorted(folder.iterdir()) == [*made[2:], folder / "nadi-store-of-the-office"]
    assert keep_newest(folder, 1) == [made[2]]
    assert committed(there) == read_backup(made[3]).committed.readings
    assert keep_newest(tmp_path / "empty", 3) == []


def test_a_store_that_is_there_is_not_replaced_unasked(
    stores: tuple[StoreSettings, StoreSettings], tmp_path: Path
) -> None:
    there, _ = stores
    take(there, 1)
    made = back_up(there, tmp_path / "backups", now=NOW)
    take(there, 2)
    with pytest.raises(BackupRefused, match=r"is there already|is not empty"):
        restore(there, made.folder, now=LATER, replace=False)
    assert committed(there) == 2


def test_what_a_restored_sqlite_store_replaces_is_kept_beside_it(tmp_path: Path) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, 1)
    made = back_up(there, tmp_path / "backups", now=NOW)
    take(there, 2)
    _, aside = restore(there, made.folder, now=LATER, replace=True)
    assert aside == tmp_path / "city.db.before-20261125T130000Z"
    assert committed(there) == 1
    assert committed(sqlite(aside)) == 2


@pytest.mark.parametrize("spoil", ["cut off", "altered", "manifest altered", "of another kind"])
def test_a_backup_that_is_not_whole_changes_nothing(tmp_path: Path, spoil: str) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, 1)
    folder = back_up(there, tmp_path / "backups", now=NOW).folder
    empty = sqlite(tmp_path / "new.db")
    if spoil == "cut off":
        (folder / MANIFEST).unlink()
    elif spoil == "altered":
        body = bytearray((folder / "city.db").read_bytes())
        body[5_000] ^= 1
        (folder / "city.db").write_bytes(body)
    elif spoil == "manifest altered":
        (folder / MANIFEST).write_text("{}")
    else:
        empty = StoreSettings(kind="postgresql", conninfo="host=nowhere")
    with pytest.raises(BackupRefused):
        restore(empty, folder, now=LATER, replace=False)
    assert not (tmp_path / "new.db").exists()


def test_a_backup_of_a_newer_program_is_refused_in_words(tmp_path: Path) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, 1)
    folder = back_up(there, tmp_path / "backups", now=NOW).folder
    newer = read_backup(folder).model_copy(update={"schema_version": 99})
    (folder / MANIFEST).write_text(newer.model_dump_json())
    empty = sqlite(tmp_path / "new.db")
    with pytest.raises(StoreNewer, match="schema version 99"):
        restore(empty, folder, now=LATER, replace=False)


def test_a_restore_over_the_store_of_a_newer_program_is_refused_in_words(tmp_path: Path) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, 1)
    folder = back_up(there, tmp_path / "backups", now=NOW).folder
    with closing(sqlite3.connect(there.path)) as database, database:
        database.execute("INSERT INTO schema_version VALUES (99, 'of the future')")
    with pytest.raises(StoreNewer, match=r"city\.db has schema version 99"):
        restore(there, folder, now=LATER, replace=True)
    assert [*tmp_path.glob("city.db.before-*")] == []


def test_a_restore_over_a_store_that_cannot_be_read_puts_it_aside(tmp_path: Path) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, 1)
    folder = back_up(there, tmp_path / "backups", now=NOW).folder
    Path(there.path).write_bytes(b"not a database" * 1_000)
    _, aside = restore(there, folder, now=LATER, replace=True)
    assert aside is not None
    assert aside.read_bytes().startswith(b"not a database")
    assert committed(there) == 1


def test_a_backup_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, 1)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(there, tmp_path / "backups", now=NOW, progress=interrupted)
    assert [*(tmp_path / "backups").iterdir()] == []
    assert back_up(there, tmp_path / "backups", now=NOW).manifest.committed.readings == 1


@pytest.mark.system
def test_a_backup_onto_a_disk_that_is_full_or_gets_full_says_so_and_leaves_the_store(
    tmp_path: Path,
) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, *range(1, 50))
    with small_card(tmp_path / "full", size_kb=1_024) as full:
        with pytest.raises(BackupRefused, match="MB free"):
            back_up(there, full, now=NOW)
        assert [*full.iterdir()] == []
    with small_card(tmp_path / "disk", size_kb=24 * 1_024) as disk:

        def fill(_: float) -> None:
            with suppress(OSError), (disk / "others").open("ab", buffering=0) as others:
                while others.write(bytes(65_536)):
                    pass

        with pytest.raises(BackupRefused, match="could not be copied: database or disk is full"):
            copy_store(Path(there.path), disk / "copy.db", fill, pages=2)
    assert committed(there) == 49


def test_a_backup_that_may_not_be_written_there_leaves_nothing(tmp_path: Path) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, 1)
    (tmp_path / "backups").write_text("not a folder")
    with pytest.raises(BackupRefused, match="File exists"):
        back_up(there, tmp_path / "backups", now=NOW)
    with pytest.raises(BackupRefused):
        back_up(there, Path("/proc"), now=NOW)


def test_the_same_second_makes_no_second_backup(tmp_path: Path) -> None:
    there = sqlite(tmp_path / "city.db")
    take(there, 1)
    made = back_up(there, tmp_path / "backups", now=NOW)
    with pytest.raises(BackupRefused, match="File exists"):
        back_up(there, tmp_path / "backups", now=NOW)
    assert read_backup(made.folder) == made.manifest
