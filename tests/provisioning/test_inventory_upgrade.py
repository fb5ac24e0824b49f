"""An inventory of every version is opened with all that is in it; what a city ran never changes."""

import hashlib
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from provisioning.inventory.book import Book, opened

GOLDEN = Path(__file__).parents[1] / "fixtures" / "inventory"
STEPS = {"0001_inventory.sql": "35f366e081003f02b20b10d3c518da0f5c0b988aacc9a08e288ccaa5c95503df"}


@pytest.mark.parametrize("version", range(1, len(STEPS) + 1))
def test_an_inventory_of_every_version_keeps_its_entries_and_its_history(
    version: int, tmp_path: Path
) -> None:
    path = tmp_path / "inventory.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript((GOLDEN / f"v{version}.sql").read_text())
    with opened(path, write=True) as book:
        check_whole(book)
    with closing(sqlite3.connect(path)) as now:
        assert now.execute("PRAGMA user_version").fetchone() == (len(STEPS),)


def check_whole(book: Book) -> None:
    entries = book.entries()
    assert (entries["bb-0001"].name, entries["bb-0001"].kelurahan) == (
        "Betoambari",
        "74.72.04.1001",
    )
    assert (entries["PJU-0001"].gateway, entries["PJU-0001"].retired) == ("bb-0001", True)
    assert [(one.because.who, one.because.why) for one in book.history("PJU-0001")] == [
        ("siti", "first list"),
        ("budi", "felled"),
    ]
    assert book.newest_publication().number == 7


def test_a_step_that_an_office_may_have_run_is_never_changed() -> None:
    steps = files("provisioning.inventory") / "migrations"
    there = {
        step.name: hashlib.sha256(step.read_bytes()).hexdigest()
        for step in steps.iterdir()
        if step.name.endswith(".sql")
    }
    assert there == STEPS
