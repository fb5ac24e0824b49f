"""A destroyed outbox leaves the numbers of what it held, by epoch, to the reading."""

import sqlite3
from contextlib import closing
from pathlib import Path

from agent.outbox.counters import LINE_BYTES, counters_path, read_counters
from agent.outbox.opening import damage_mark
from agent.outbox.records import Gone
from contract.messages import Counts
from tests.agent.outbox.making import begin, epoch, reading, receipt, seal_rounds, started


def destroy(path: Path) -> None:
    """What was on the card is zeroes, and its log is gone."""
    path.write_bytes(b"\0" * 5_000)
    path.with_name(f"{path.name}-wal").unlink(missing_ok=True)


async def sealed_twice(path: Path) -> None:
    """Two starts: three rounds of two readings and an event, then two rounds of one reading."""
    with started(path, 1) as first:
        for n in range(3):
            await first.outbox.seal([reading(n * 1_000), reading(n * 1_000 + 1)])
        await first.outbox.seal([], [begin(1)])
    with started(path, 2) as second:
        await seal_rounds(second.outbox, 2)


def lost(first: int, last: int, readings: int, events: int = 0) -> Gone:
    return Gone(
        state="lost", numbers=(first, last), counts=Counts(readings=readings, events=events),
        reason="outbox damaged", from_ms=0, to_ms=0,
    )  # fmt: skip


async def test_a_destroyed_outbox_leaves_what_each_epoch_held(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    await sealed_twice(path)
    destroy(path)
    with started(path, 3) as third:
        first, second, current = third.contents.epochs
        assert (first.epoch, second.epoch, current.epoch) == (epoch(1), epoch(2), epoch(3))
        assert first.gone == (lost(1, 4, 6, 1),)
        assert second.gone == (lost(1, 2, 2),)
        assert (first.counts, second.counts) == (Counts(readings=6, events=1), Counts(readings=2))
        holding = await third.outbox.holding()
        assert holding.revision > 3 << 24  # higher than whatever the city heard before


async def test_what_is_lost_is_named_once_however_often_the_agent_starts(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    await sealed_twice(path)
    destroy(path)
    for number in (3, 4, 5):
        with started(path, number) as again:
            assert again.contents.epochs[0].gone == (lost(1, 4, 6, 1),)


async def test_a_file_that_went_back_in_time_lacks_its_end(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with started(path, 1) as first:
        await seal_rounds(first.outbox, 2)
    before = path.read_bytes()
    with started(path, 2) as second:
        await seal_rounds(second.outbox, 5)
    path.write_bytes(before)
    with started(path, 3) as third:
        assert third.contents.epochs[0].gone == ()
        assert third.contents.epochs[1].gone == (lost(1, 5, 5),)


async def test_what_the_city_has_committed_is_still_lost_only_on_the_card(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with started(path, 1) as first:
        await seal_rounds(first.outbox, 4)
        await first.outbox.settle(receipt(1, (1, 3)))
        await seal_rounds(first.outbox, 1)
    destroy(path)
    with started(path, 2) as second:
        (stated, _) = (await second.outbox.holding()).epochs
        assert [(one.state, one.first, one.last) for one in stated.ranges] == [("lost", 1, 5)]
        assert stated.sealed_counts == Counts(readings=5)


async def test_a_whole_outbox_is_believed_before_counters_that_lag(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with started(path, 1) as first:
        await seal_rounds(first.outbox, 2)
        lagging = counters_path(path).read_bytes()
        await seal_rounds(first.outbox, 2)
    counters_path(path).write_bytes(lagging)
    with started(path, 2) as second:
        assert second.contents.epochs[0].gone == ()
        assert second.contents.epochs[0].sealed == 4


async def some_are_spoilt(path: Path, rounds: int, spoilt: dict[int, int]) -> None:
    """Round n has n readings; these rows say how many they have, and are no batches."""
    with started(path, 1) as first:
        for n in range(1, rounds + 1):
            await first.outbox.seal([reading(n * 1_000 + at) for at in range(n)])
        for n, says in spoilt.items():
            first.file._connection.execute(
                "UPDATE batch SET body = x'', readings = ? WHERE id = ?", (says, 1 << 40 | n)
            )
    damage_mark(path).touch()


async def test_salvage_that_can_only_guess_is_corrected_by_the_counters(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    await some_are_spoilt(path, 5, {2: 999, 5: 999})
    with started(path, 2) as second:
        (record, _) = second.contents.epochs
        assert [gone.numbers for gone in record.gone] == [(2, 2), (5, 5)]
        assert [gone.to_ms for gone in record.gone] == [0, 0]
        assert record.counts == Counts(readings=15)


def forget(path: Path, *numbers: int) -> None:
    """These rounds' rows are nowhere any more."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for n in numbers:
            database.execute("DELETE FROM batch WHERE id = ?", (1 << 40 | n,))


async def test_what_is_missing_was_where_nobody_could_read_and_not_in_a_row_that_speaks(
    tmp_path: Path,
) -> None:
    path = tmp_path / "outbox.db"
    await some_are_spoilt(path, 3, {3: 3})
    forget(path, 1, 2)
    with started(path, 2) as second:
        unread, spoken = second.contents.epochs[0].gone
        assert unread == lost(1, 2, 3)
        assert (spoken.numbers, spoken.counts) == ((3, 3), Counts(readings=3))
        assert (spoken.from_ms, spoken.to_ms) == (3_000, 3_002)


async def test_a_row_that_says_too_much_is_corrected_though_the_last_round_is_nowhere(
    tmp_path: Path,
) -> None:
    path = tmp_path / "outbox.db"
    await some_are_spoilt(path, 3, {2: 999})
    forget(path, 3)
    with started(path, 2) as second:
        record = second.contents.epochs[0]
        assert [gone.numbers for gone in record.gone] == [(2, 2), (3, 3)]
        assert [gone.to_ms for gone in record.gone] == [0, 0]
        assert record.counts == Counts(readings=6)


async def test_what_is_too_much_was_said_by_a_row_and_not_where_nobody_could_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "outbox.db"
    await some_are_spoilt(path, 4, {4: 9})
    forget(path, 2)
    with started(path, 2) as second:
        assert second.contents.epochs[0].gone == (lost(2, 2, 2), lost(4, 4, 4))


async def test_a_torn_line_of_the_counters_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with started(path, 1) as first:
        await seal_rounds(first.outbox, 3)
    whole = counters_path(path).read_bytes()
    assert [one.sealed for one in read_counters(path)] == [3]
    torn = whole.replace(b" 3 3 0 ", b" 9 9 0 ")
    counters_path(path).write_bytes(torn)
    assert [one.sealed for one in read_counters(path)] == [2]
    counters_path(path).write_bytes(b"\xff" * LINE_BYTES + whole[:100])
    assert read_counters(path) == []
    counters_path(path).unlink()
    assert read_counters(path) == []


async def test_a_card_that_cannot_count_still_seals(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    counters_path(path).mkdir()
    with started(path, 1) as first:
        await seal_rounds(first.outbox, 2)
        assert first.outbox.ledger.current.sealed == 2
