"""An export of a SQLite store reads in short steps, so that the log can begin anew meanwhile."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from broker_bridge.config import BridgeSettings, StoreSettings
from broker_bridge.stores.exporting import Block, Part
from broker_bridge.stores.sqlite_export import opened_moment
from tests.export.conftest import city
from tests.export.giving import give, lamp_at
from tests.stores.making import BIN, BOOT2, E2, body, origin

STEP = 2


@pytest.fixture
def settings(tmp_path: Path) -> BridgeSettings:
    made = city(StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")))
    give(made, 1, lamp_at(1_000, 2_000, 3_000))
    give(made, 2, body([(BIN, "distance", at, 300.0) for at in (4_000, 5_000, 6_000)]))
    return made


def observed(block: Block) -> list[int]:
    """The last five digits are enough."""
    return [ms % 100_000 for ms in block.observed_ms.tolist()]


def log_begins_anew(settings: BridgeSettings) -> bool:
    """As the bridge's own checkpoint would make it."""
    with closing(sqlite3.connect(settings.store.path, timeout=0)) as database:
        busy, pages, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy and not pages


@pytest.mark.parametrize("assets", [None, (1, 2)], ids=["the whole table", "few assets"])
def test_the_log_begins_anew_between_two_steps_and_what_came_meanwhile_is_not_in_it(
    settings: BridgeSettings, assets: tuple[int, ...] | None
) -> None:
    with opened_moment(Path(settings.store.path), step_rows=STEP) as moment:
        blocks = moment.readings(Part(assets=assets))
        read = observed(next(blocks))
        give(settings, 3, lamp_at(7_000))
        assert log_begins_anew(settings)
        for block in blocks:
            assert len(moment.facts_of(block).gateway_id) == len(block)
            read += observed(block)
    assert len(read) == len(set(read)) == 6
    with opened_moment(Path(settings.store.path)) as later:
        (new,) = later.readings(Part(since=moment.position))
    assert len(new) == 1
    assert observed(new)[0] not in read


def test_what_is_dated_meanwhile_is_after_the_cursor(settings: BridgeSettings) -> None:
    give(settings, 1, lamp_at(1_000, boot=BOOT2), epoch=E2, origins=())
    path = Path(settings.store.path)
    with opened_moment(path, step_rows=STEP) as moment:
        blocks = moment.readings(Part())
        read = observed(next(blocks))
        give(settings, 2, lamp_at(9_000, boot=BOOT2), epoch=E2, origins=[origin(boot=BOOT2)])
        read += [ms for block in blocks for ms in observed(block)]
    assert len(read) == 6
    with opened_moment(path, step_rows=STEP) as later:
        assert sum(map(len, later.readings(Part(since=moment.position)))) == 2


def test_steps_without_a_row_that_is_wanted_are_no_blocks(settings: BridgeSettings) -> None:
    for n in range(3, 9):
        give(settings, n, lamp_at(n * 10_000))
    with opened_moment(Path(settings.store.path), step_rows=STEP) as moment:
        blocks = [*moment.readings(Part(quantities=[99]))]
        some = [*moment.readings(Part(assets=[*range(500)], quantities=[*range(99)]))]
    assert blocks == []
    assert sum(map(len, some)) == 12
