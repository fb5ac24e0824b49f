"""Reads the outbox's records back; what each number is follows from what is missing."""

import json
import sqlite3
from collections.abc import Iterator

from agent.learned import Learned
from agent.outbox.records import Contents, EpochRecord, Gone, Tally
from agent.outbox.schema import number_of, row_id, span_of
from contract.identity import AssetId, BootId, Epoch, Kind
from contract.messages import Counts, Origin, Parent
from contract.ranges import Range, RangeSet
from contract.readings import Event, Phase

SELECT_EPOCHS = """
SELECT id, epoch, boot, parent_epoch, parent_n, settled, rejected, receipt_version
FROM epoch ORDER BY id
"""
SELECT_EPOCH = SELECT_EPOCHS.replace("ORDER BY id", "WHERE id = ?")
SELECT_HIGHEST = "SELECT max(id) FROM batch WHERE id BETWEEN ? AND ?"
SELECT_EVENTS = "SELECT id FROM batch WHERE events > 0 AND id BETWEEN ? AND ?"
SELECT_BEFORE = """
SELECT readings_before, events_before, readings, events, from_ms, to_ms FROM batch WHERE id = ?
"""
SELECT_SUM = """
SELECT coalesce(sum(readings), 0), coalesce(sum(events), 0), coalesce(min(from_ms), 0),
  coalesce(max(to_ms), 0) FROM batch WHERE id BETWEEN ? AND ?
"""


def read_contents(database: sqlite3.Connection, *, used_bytes: int, room_bytes: int) -> Contents:
    """Everything but the bodies, at a cost of the number of epochs and gone ranges."""
    rows = database.execute(SELECT_EPOCHS).fetchall()
    return Contents(
        epochs=tuple(_epoch_record(database, row) for row in rows),
        origins=tuple(_origins(database)),
        open_events=tuple(_open_events(database)),
        learned=dict(_learned(database)),
        receipt_version=max((row[7] for row in rows), default=0),
        used_bytes=used_bytes,
        room_bytes=room_bytes,
    )


def read_epoch(database: sqlite3.Connection, epoch_id: int) -> EpochRecord:
    """One epoch, as the file has it."""
    row = database.execute(SELECT_EPOCH, (epoch_id,)).fetchone()
    return _epoch_record(database, row)


def read_tally(database: sqlite3.Connection, epoch_id: int, numbers: Range) -> Tally:
    """What a held range holds, from its two ends; where one is missing, from what is there."""
    first, last = (
        database.execute(SELECT_BEFORE, (row_id(epoch_id, n),)).fetchone() for n in numbers
    )
    if first is None or last is None:
        return _sum(database, epoch_id, numbers)
    return Tally(
        counts=Counts(readings=last[0] + last[2] - first[0], events=last[1] + last[3] - first[1]),
        from_ms=first[4],
        to_ms=last[5],
    )


def _sum(database: sqlite3.Connection, epoch_id: int, numbers: Range) -> Tally:
    span = tuple(row_id(epoch_id, n) for n in numbers)
    readings, events, from_ms, to_ms = database.execute(SELECT_SUM, span).fetchone()
    return Tally(counts=Counts(readings=readings, events=events), from_ms=from_ms, to_ms=to_ms)


def read_gone(database: sqlite3.Connection, epoch_id: int) -> Iterator[Gone]:
    """What left the card of one epoch, in order."""
    for row in database.execute(
        "SELECT state, first, last, readings, events, reason, from_ms, to_ms FROM gone"
        " WHERE epoch_id = ? ORDER BY first",
        (epoch_id,),
    ):
        yield Gone(
            state=row[0], numbers=(row[1], row[2]), counts=Counts(readings=row[3], events=row[4]),
            reason=row[5], from_ms=row[6], to_ms=row[7],
        )  # fmt: skip


def _origins(database: sqlite3.Connection) -> Iterator[Origin]:
    rows = database.execute("SELECT boot, origin_ms, uncertainty_ms, revision, seen_ms FROM origin")
    for boot, origin_ms, uncertainty_ms, revision, seen_ms in rows:
        yield Origin(
            boot=boot, origin_ms=origin_ms, uncertainty_ms=uncertainty_ms, revision=revision,
            seen_ms=seen_ms,
        )  # fmt: skip


def _open_events(database: sqlite3.Connection) -> Iterator[Event]:
    for row in database.execute("SELECT id, asset, kind, type, at_ms, detail FROM open_event"):
        yield Event(
            id=row[0], asset=AssetId(row[1]), kind=Kind(row[2]), type=row[3], phase=Phase.BEGIN,
            at_ms=row[4], detail=row[5],
        )  # fmt: skip


def _learned(database: sqlite3.Connection) -> Iterator[tuple[AssetId, Learned]]:
    for asset, level, nights in database.execute("SELECT asset, level, nights FROM learned"):
        yield AssetId(asset), Learned(level=level, nights=tuple(json.loads(nights)))


def _epoch_record(database: sqlite3.Connection, row: tuple[object, ...]) -> EpochRecord:
    epoch_id, epoch, boot, parent_epoch, parent_n, settled, rejected, _ = row
    assert isinstance(epoch_id, int)
    span = span_of(epoch_id)
    gone = tuple(read_gone(database, epoch_id))
    sealed = max(_highest(database, span), *(item.numbers[1] for item in gone), 0)
    held = RangeSet([(1, sealed)]) - RangeSet(item.numbers for item in gone)
    events = RangeSet.of(number_of(row[0]) for row in database.execute(SELECT_EVENTS, span))
    counts = sum((item.counts for item in gone), Counts())
    for numbers in held.ranges:
        counts = counts + read_tally(database, epoch_id, numbers).counts
    return EpochRecord(
        id=epoch_id,
        epoch=Epoch(str(epoch)),
        boot=BootId(str(boot)),
        parent=Parent(epoch=Epoch(str(parent_epoch)), n=int(str(parent_n)))
        if parent_epoch
        else None,
        sealed=sealed,
        counts=counts,
        held=held,
        events=events,
        settled=_ranges(settled) & held,
        rejected=_ranges(rejected) & held,
        gone=gone,
    )


def _highest(database: sqlite3.Connection, span: tuple[int, int]) -> int:
    highest = database.execute(SELECT_HIGHEST, span).fetchone()[0]
    return 0 if highest is None else number_of(highest)


def _ranges(text: object) -> RangeSet:
    return RangeSet((first, last) for first, last in json.loads(str(text)))
