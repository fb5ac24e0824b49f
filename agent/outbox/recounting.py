"""What was counted beside the outbox and is not in it any more is named as lost, to the number."""

import sqlite3
from collections.abc import Iterable

from agent.outbox.counters import Counted
from agent.outbox.reading import read_epoch
from agent.outbox.records import EpochRecord
from agent.outbox.salvage import INSERT_GONE, MOST_BEYOND
from contract.messages import OUTBOX_DAMAGED, Counts

SELECT_EPOCH = "SELECT id FROM epoch WHERE epoch = ?"
IS_FREE = "SELECT NOT EXISTS (SELECT 1 FROM epoch WHERE id = ?)"
INSERT_EPOCH = """
INSERT INTO epoch(id, epoch, boot, parent_epoch, parent_n) VALUES (?, ?, ?, ?, ?)
"""
# A range with times is a row's own word: what is missing was hardly in it, what is too much is.
SELECT_DAMAGED = """
SELECT first, readings, events FROM gone
WHERE epoch_id = ? AND state = 'lost' AND reason = ? ORDER BY (to_ms > 0) = ?, first DESC
"""
RECOUNT = """
UPDATE gone SET readings = ?, events = ?, from_ms = 0, to_ms = 0 WHERE epoch_id = ? AND first = ?
"""


def lacks(epochs: Iterable[EpochRecord], counters: Iterable[Counted]) -> bool:
    """Whether anything that was counted is not accounted for in these."""
    known = {record.epoch: record for record in epochs}
    return any(
        counted.epoch not in known
        or known[counted.epoch].sealed < counted.sealed
        or (
            known[counted.epoch].sealed == counted.sealed
            and known[counted.epoch].counts != counted.counts
        )
        for counted in counters
        if counted.sealed
    )


def exceeds(epochs: Iterable[EpochRecord], counters: Iterable[Counted]) -> bool:
    """Whether these claim what cannot have been sealed since the last count that was kept."""
    counted = {one.epoch: one.sealed for one in counters}
    return any(
        record.sealed > counted.get(record.epoch, record.sealed) + MOST_BEYOND for record in epochs
    )


def name_missing(database: sqlite3.Connection, counters: Iterable[Counted]) -> Counts:
    """Makes the outbox's own account as long as the one beside it; returns what was missing."""
    missing = Counts()
    for counted in counters:
        if counted.sealed:
            missing += _recount(database, counted)
    return missing


def _recount(database: sqlite3.Connection, counted: Counted) -> Counts:
    epoch_id = _epoch_row(database, counted)
    known = read_epoch(database, epoch_id)
    if known.sealed > counted.sealed:  # a power cut took the last counts, not the last batches
        return Counts()
    readings = counted.counts.readings - known.counts.readings
    events = counted.counts.events - known.counts.events
    if known.sealed < counted.sealed:
        numbers = (known.sealed + 1, counted.sealed)
        database.execute(INSERT_GONE, (epoch_id, *numbers, "lost", OUTBOX_DAMAGED, 0, 0, 0, 0))
    _correct(database, epoch_id, readings, events)
    return Counts(readings=max(readings, 0), events=max(events, 0))


def _epoch_row(database: sqlite3.Connection, counted: Counted) -> int:
    """Under its old row if that is free, so that epochs stay in order and statements only grow."""
    row = database.execute(SELECT_EPOCH, (counted.epoch,)).fetchone()
    if row:
        return int(row[0])
    (free,) = database.execute(IS_FREE, (counted.id,)).fetchone()
    parent = counted.parent
    cursor = database.execute(
        INSERT_EPOCH,
        (
            counted.id if free else None, counted.epoch, counted.boot,
            parent and parent.epoch, parent and parent.n,
        ),
    )  # fmt: skip
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _correct(database: sqlite3.Connection, epoch_id: int, readings: int, events: int) -> None:
    """Salvage may have guessed how much lay in a range that nobody could read.

    A torn row that is contradicted is believed in nothing, so that the range loses its times.
    """
    lacking = readings >= 0 and events >= 0
    rows = database.execute(SELECT_DAMAGED, (epoch_id, OUTBOX_DAMAGED, lacking)).fetchall()
    for first, *named in rows:
        fit = [max(named[0] + readings, 0), max(named[1] + events, 0)]
        if fit != named:
            readings -= fit[0] - named[0]
            events -= fit[1] - named[1]
            database.execute(RECOUNT, (*fit, epoch_id, first))
