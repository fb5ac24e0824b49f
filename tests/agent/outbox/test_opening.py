"""An agent starts on whatever a cut-off salvage left, and misplaced batches are found again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import OutboxDamaged
from agent.outbox.file import OutboxFile
from agent.outbox.opening import damage_mark
from tests.agent.outbox.making import OWN, epoch, seal_rounds, started


class Killed(BaseException):
    """The process is gone."""


async def salvage_cut_off(path: Path, number: int) -> None:
    """Three batches were put aside, and nothing stands in their place yet."""
    with started(path, number) as run:
        await seal_rounds(run.outbox, 3)
    damage_mark(path).touch()

    def die() -> None:
        raise Killed

    with pytest.raises(Killed), started(path, number + 1, salvaging=die):
        pass


def asides(path: Path) -> list[str]:
    return sorted(part.name for part in path.parent.glob("*.aside-*"))


@pytest.mark.parametrize("torn", [b"", b"SQLite format 3\0", b"noise" * 999])
async def test_a_new_file_that_was_torn_as_it_was_made_is_made_anew(
    torn: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "outbox.db"
    await salvage_cut_off(path, 1)
    path.write_bytes(torn)
    with started(path, 3) as run:
        assert len(run.contents.epochs[0].held) == 3


async def test_a_new_file_whose_batches_cannot_be_written_is_made_anew(tmp_path: Path) -> None:
    """Its schema is whole, so that it opens; the one page of its batches is zeroes."""
    path = tmp_path / "outbox.db"
    await salvage_cut_off(path, 1)
    file = OutboxFile(path)
    (page,) = file._connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'batch'"
    ).fetchone()
    file.close()
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * 1_024 : page * 1_024] = bytes(1_024)
    path.write_bytes(whole)
    with started(path, 3) as run:
        assert len(run.contents.epochs[0].held) == 3


async def test_a_salvage_that_was_committed_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    await salvage_cut_off(path, 1)
    aside = path.with_name(damage_mark(path).read_text())
    file = OutboxFile(path)
    file.adopt(aside, OWN)
    file.close()
    aside.write_bytes(b"gone since")
    with started(path, 3) as run:
        assert len(run.contents.epochs[0].held) == 3


async def test_only_the_newest_file_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    for number in (1, 3):
        await salvage_cut_off(path, number)
        with started(path, number + 1):
            pass
    assert asides(path) == [f"outbox.db.aside-{epoch(4)}"]


async def test_a_held_batch_that_is_nowhere_on_the_card_is_damage(tmp_path: Path) -> None:
    """Else it would be held and never sent, for ever."""
    with started(tmp_path / "outbox.db") as run:
        await seal_rounds(run.outbox, 3)
        run.file._connection.execute("DELETE FROM batch WHERE id = ?", (1 << 40 | 2,))
        with pytest.raises(OutboxDamaged, match="cannot be found"):
            await run.outbox.batches(epoch(1), [1, 2, 3])


@pytest.mark.parametrize("torn", [-1, 77_777])
async def test_a_batch_whose_numbers_are_torn_says_them_by_its_body(
    torn: int, tmp_path: Path
) -> None:
    path = tmp_path / "outbox.db"
    with started(path) as run:
        await seal_rounds(run.outbox, 3)
        before = run.file._connection.execute("SELECT * FROM batch").fetchall()
        run.file._connection.execute(
            "UPDATE batch SET readings = ?, readings_before = ?, to_ms = ? WHERE id & 7 = 2",
            (torn,) * 3,
        )
    damage_mark(path).touch()
    with started(path, 2) as run:
        assert run.file._connection.execute("SELECT * FROM batch").fetchall() == before


async def test_a_batch_under_a_number_that_cannot_have_been_sealed_is_damage(
    tmp_path: Path,
) -> None:
    path = tmp_path / "outbox.db"
    with started(path) as run:
        await seal_rounds(run.outbox, 3)
        run.file._connection.execute("UPDATE batch SET id = id + (1 << 30) WHERE id & 7 = 3")
    with started(path, 2) as run:
        (before, _) = run.contents.epochs
        assert before.held.ranges == ((1, 2),)
        assert [(one.numbers, one.state) for one in before.gone] == [((3, 3), "lost")]


@pytest.mark.parametrize(
    ("name", "torn"),
    [
        (b"readings_before INTEGER", b"readi\xeegs_before INTEGER"),
        (b"receipt_version", b"re\xffeipt_version"),
        (b"from_ms INTEGER NOT NULL, to_ms", b"from_ms INTEGER NOT NULL, to_m\xf3"),
    ],
)
async def test_a_schema_whose_names_are_torn_hides_no_batch(
    name: bytes, torn: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "outbox.db"
    with started(path) as run:
        await seal_rounds(run.outbox, 3)
    data = path.read_bytes()
    assert name in data
    path.write_bytes(data.replace(name, torn, 1))
    damage_mark(path).touch()
    with started(path, 2) as run:
        assert [one.key.n for one in await run.outbox.batches(epoch(1), [1, 2, 3])] == [1, 2, 3]


async def test_a_batch_that_stands_under_another_epochs_number_is_known_by_its_hash(
    tmp_path: Path,
) -> None:
    """SQLite finds it between its neighbours, and reads an id that is not its own."""
    path = tmp_path / "outbox.db"
    for number in (1, 2, 3):
        with started(path, number) as run:
            await seal_rounds(run.outbox, 4)
    data = path.read_bytes()
    own, another = bytes.fromhex("A080808080 02"), bytes.fromhex("E080808080 02")  # as varints
    assert data.count(own) == 1
    path.write_bytes(data.replace(own, another))
    damage_mark(path).touch()
    with started(path, 4) as run:
        assert [one.held.ranges for one in run.contents.epochs[:3]] == [((1, 4),)] * 3
        for number in (1, 2, 3):
            assert len(await run.outbox.batches(epoch(number), [1, 2, 3, 4])) == 4


async def test_a_number_that_became_a_torn_word_hides_no_batch(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with started(path) as run:
        await seal_rounds(run.outbox, 3)
    for statement in (
        "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'batch'",
        "UPDATE batch SET to_ms = CAST(x'41FF' AS TEXT) WHERE id & 7 = 2",
    ):
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA writable_schema = ON")
            database.execute(statement)
    damage_mark(path).touch()
    with started(path, 2) as run:
        assert len(await run.outbox.batches(epoch(1), [1, 2, 3])) == 3
