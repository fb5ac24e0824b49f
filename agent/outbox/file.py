"""One SQLite file that holds what was sealed through any power cut; one thread uses it."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from agent.learned import Learned
from agent.outbox.counters import Counters, read_counters
from agent.outbox.reading import read_contents, read_gone, read_tally
from agent.outbox.records import (
    Commit,
    Contents,
    EpochRecord,
    EpochUpdate,
    Gone,
    NewBatch,
    NewLoss,
    Pace,
    Stored,
    Tally,
    Victims,
    Written,
)
from agent.outbox.recounting import exceeds, lacks, name_missing
from agent.outbox.salvage import take_over
from agent.outbox.schema import connect, in_words, number_of, row_id, span_of
from contract.identity import AssetId, BootId, Epoch, GatewayId
from contract.messages import Counts, Origin, Parent
from contract.ranges import Range, RangeSet
from contract.readings import Event

# What a row takes beside its body: id, counts, times, hash and its place in the index.
ROW_BYTES = 80
SELECT_SIZE = f"""
SELECT coalesce(sum(length(body) + {ROW_BYTES}), 0) FROM batch WHERE id BETWEEN ? AND ?
"""  # noqa: S608 - made of constants
SELECT_PACE = f"""
SELECT count(*), sum(size), max(to_ms) - min(from_ms) FROM
  (SELECT length(body) + {ROW_BYTES} AS size, from_ms, to_ms FROM batch
   WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?)
"""  # noqa: S608 - made of constants
TIGHT_BYTES = 8 << 20
INSERT_BATCH = "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
SELECT_SAME = "SELECT sha256 FROM batch WHERE id = ?"
SELECT_BODIES = """
SELECT id, sha256, body, readings, events FROM batch WHERE id BETWEEN ? AND ? ORDER BY id
"""
SELECT_TALLY = """
SELECT sum(readings), sum(events), min(from_ms), max(to_ms) FROM batch WHERE id BETWEEN ? AND ?
"""
DELETE_BATCHES = "DELETE FROM batch WHERE id BETWEEN ? AND ?"
UPDATE_EPOCH = "UPDATE epoch SET settled = ?, rejected = ? WHERE id = ?"
UPDATE_VERSION = """
UPDATE epoch SET receipt_version = ? WHERE id = (SELECT max(id) FROM epoch) AND receipt_version < ?
"""
UPSERT_ORIGIN = """
INSERT INTO origin VALUES (?, ?, ?, ?, ?)
ON CONFLICT(boot) DO UPDATE SET origin_ms = excluded.origin_ms,
  uncertainty_ms = excluded.uncertainty_ms, revision = excluded.revision,
  seen_ms = excluded.seen_ms
  WHERE excluded.revision > revision
"""
UNSEALED = "card failed"
SELECT_LOST = "SELECT 1 FROM gone WHERE epoch_id = ? AND first <= ? AND last >= ?"
INSERT_GONE = "INSERT INTO gone VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
EXTEND_GONE = """
UPDATE gone SET last = ?, readings = readings + ?, events = events + ?,
  from_ms = min(from_ms, ?), to_ms = max(to_ms, ?)
WHERE epoch_id = ? AND last = ? AND state = ? AND reason = ?
"""


class OutboxFile:
    """The card's side of the outbox. Every method raises OutboxFailed when the card does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = path.parent
        with in_words(path):
            self._connection = connect(path)
            try:
                (self._page_bytes,) = self._connection.execute("PRAGMA page_size").fetchone()
                free_bytes = self._free_bytes()
                self._used_bytes, self._room_bytes = self._sizes(free_bytes)
                self._checkpoint_if_tight(free_bytes)
            except BaseException:
                self._connection.close()
                raise
        self._counters = Counters(path)

    def close(self) -> None:
        """Checkpoint and let go of the file."""
        self._counters.close()
        self._connection.close()

    def begin_epoch(self, before: Contents, epoch: Epoch, *, boot: BootId) -> Contents:
        """What was there and a new epoch, durable before anything is sealed into it."""
        last = before.epochs[-1] if before.epochs else None
        parent = Parent(epoch=last.epoch, n=last.sealed) if last else None
        row = (epoch, boot, parent and parent.epoch, parent and parent.n)
        with self._transaction() as database:
            cursor = database.execute(
                "INSERT INTO epoch(epoch, boot, parent_epoch, parent_n) VALUES (?, ?, ?, ?)", row
            )
            epoch_id = cursor.lastrowid
        assert epoch_id is not None
        empty = RangeSet()
        record = EpochRecord(
            id=epoch_id, epoch=epoch, boot=boot, parent=parent, sealed=0, counts=Counts(),
            held=empty, events=empty, settled=empty, rejected=empty, gone=(),
        )  # fmt: skip
        used_bytes, room_bytes = self._sizes(self._free_bytes())
        return replace(
            before, epochs=(*before.epochs, record), used_bytes=used_bytes, room_bytes=room_bytes
        )

    def write(self, commit: Commit) -> Written:
        """One round, whole or not at all; writing the same batch again changes nothing."""
        with self._transaction() as database:
            for victims in commit.victims:
                _give_up(database, victims)
            if commit.loss:
                _lose(database, commit.loss)
            gone = tuple((at, tuple(read_gone(database, at))) for at in _epochs_of(commit))
            if commit.batch:
                _insert(database, commit.batch)
            database.executemany(UPDATE_EPOCH, map(_epoch_row, commit.updates))
            if commit.receipt_version:
                database.execute(UPDATE_VERSION, (commit.receipt_version,) * 2)
            database.executemany(UPSERT_ORIGIN, map(_origin_row, commit.origins))
            if commit.open_events is not None:
                database.execute("DELETE FROM open_event")
                database.executemany(
                    "INSERT INTO open_event VALUES (?, ?, ?, ?, ?, ?)",
                    map(_event_row, commit.open_events),
                )
            if commit.learned is not None:
                database.execute("DELETE FROM learned")
                database.executemany(
                    "INSERT INTO learned VALUES (?, ?, ?)",
                    map(_learned_row, commit.learned.items()),
                )
        if commit.batch:
            self._counters.sealed(commit.batch)
        self._measure()
        return Written(used_bytes=self._used_bytes, room_bytes=self._room_bytes, gone=gone)

    def bodies(self, epoch_id: int, numbers: Iterable[Range]) -> list[Stored]:
        """The batches of these ranges that are still on the card, in order."""
        with in_words(self.path):
            return [
                _stored(row)
                for first, last in numbers
                for row in self._connection.execute(
                    SELECT_BODIES, (row_id(epoch_id, first), row_id(epoch_id, last))
                )
            ]

    def tally(self, epoch_id: int, numbers: Range) -> Tally:
        """What a held range holds, from its two ends; it must have no hole."""
        with in_words(self.path):
            return read_tally(self._connection, epoch_id, numbers)

    def size(self, epoch_id: int, numbers: Range) -> int:
        """What these batches take of the card, in bytes."""
        first, last = numbers
        with in_words(self.path):
            span = (row_id(epoch_id, first), row_id(epoch_id, last))
            return int(self._connection.execute(SELECT_SIZE, span).fetchone()[0])

    def pace(self, epoch_id: int, count: int) -> Pace | None:
        """Of the last `count` batches of an epoch; None of too few."""
        with in_words(self.path):
            row = self._connection.execute(SELECT_PACE, (*span_of(epoch_id), count)).fetchone()
        batches, size, span_ms = row
        if batches < 2 or span_ms <= 0:
            return None
        return Pace(batch_bytes=size / batches, bytes_a_ms=size / span_ms)

    def contents(self) -> Contents:
        """Everything but the bodies."""
        with in_words(self.path):
            used_bytes, room_bytes = self._sizes(self._free_bytes())
            return read_contents(self._connection, used_bytes=used_bytes, room_bytes=room_bytes)

    def adopt(self, aside: Path, gateway: GatewayId) -> int:
        """Take over what a damaged file still has; returns how many batches were saved."""
        with self._transaction() as database:
            return take_over(aside, gateway, database, read_counters(self.path))

    def differs(self, epochs: Sequence[EpochRecord]) -> str:
        """How it contradicts what was counted beside it, in words, or nothing."""
        counted = read_counters(self.path)
        if lacks(epochs, counted):
            return "lacks what was counted beside it"
        return "claims far more than was counted beside it" if exceeds(epochs, counted) else ""

    def recount(self, epochs: Sequence[EpochRecord]) -> Counts:
        """Name what was counted beside the file and is not in it; returns how much that is."""
        counted = read_counters(self.path)
        if not lacks(epochs, counted):
            return Counts()
        with self._transaction() as database:
            return name_missing(database, counted)

    def count(self, epochs: Sequence[EpochRecord]) -> None:
        """Count beside the file from now on."""
        self._counters.begin(epochs)

    def _measure(self) -> None:
        """After a commit nothing may fail: a card that cannot be asked keeps its figures."""
        with contextlib.suppress(OSError, sqlite3.Error):
            free_bytes = self._free_bytes()
            self._checkpoint_if_tight(free_bytes)
            self._used_bytes, self._room_bytes = self._sizes(free_bytes)

    def _checkpoint_if_tight(self, free_bytes: int) -> None:
        """A log that may grow the file must not wait until others have taken what it grows into."""
        if free_bytes < TIGHT_BYTES:
            with contextlib.suppress(sqlite3.Error):  # whatever is wrong, a commit meets it
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _sizes(self, free_bytes: int) -> tuple[int, int]:
        """Pages in use; and what new batches may still take: free pages, and free space."""
        (count,) = self._connection.execute("PRAGMA page_count").fetchone()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        used_bytes, spare_bytes = self._page_bytes * (count - free), self._page_bytes * free
        return used_bytes, spare_bytes + free_bytes

    def _free_bytes(self) -> int:
        card = os.statvfs(self._folder)
        return card.f_bavail * card.f_frsize

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with in_words(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _stored(row: tuple[object, ...]) -> Stored:
    """Raises TypeError or ValueError if a torn page made it."""
    at, sha256, body, readings, events = row
    if not (isinstance(at, int) and isinstance(sha256, bytes) and isinstance(body, bytes)):
        raise TypeError("a batch is not what was written")
    counts = Counts.model_validate({"readings": readings, "events": events})
    return Stored(n=number_of(at), sha256=sha256.hex(), body=body, counts=counts)


def _insert(database: sqlite3.Connection, batch: NewBatch) -> None:
    at, sha256 = row_id(batch.epoch_id, batch.n), bytes.fromhex(batch.sha256)
    row = (
        at, batch.counts.readings, batch.counts.events,
        batch.before.readings, batch.before.events,
        batch.from_ms, batch.to_ms, sha256, batch.body,
    )  # fmt: skip
    try:
        database.execute(INSERT_BATCH, row)
    except sqlite3.IntegrityError:  # an earlier try may have got through
        same = database.execute(SELECT_SAME, (at,)).fetchone()
        if same != (sha256,):
            raise


def _epochs_of(commit: Commit) -> list[int]:
    """Those that gave something up."""
    loss = {commit.loss.epoch_id} if commit.loss else set()
    return sorted(loss | {victims.epoch_id for victims in commit.victims})


def _lose(database: sqlite3.Connection, loss: NewLoss) -> None:
    if database.execute(SELECT_LOST, (loss.epoch_id, loss.n, loss.n)).fetchone():
        return  # an earlier try got through
    shed, numbers = loss.shed, (loss.n, loss.n)
    gone = Gone(
        state="lost", numbers=numbers, counts=shed.counts, reason=UNSEALED,
        from_ms=shed.from_ms, to_ms=shed.to_ms,
    )  # fmt: skip
    _record(database, loss.epoch_id, gone)


def _give_up(database: sqlite3.Connection, victims: Victims) -> None:
    first, last = victims.numbers
    span = (row_id(victims.epoch_id, first), row_id(victims.epoch_id, last))
    readings, events, from_ms, to_ms = database.execute(SELECT_TALLY, span).fetchone()
    if from_ms is None:  # an earlier try got through, and has said so
        return
    database.execute(DELETE_BATCHES, span)
    gone = Gone(
        state=victims.state,
        numbers=victims.numbers,
        counts=Counts(readings=readings, events=events),
        reason=victims.reason,
        from_ms=from_ms,
        to_ms=to_ms,
    )
    _record(database, victims.epoch_id, gone)


def _record(database: sqlite3.Connection, epoch_id: int, gone: Gone) -> None:
    first, last = gone.numbers
    counts = gone.counts
    extended = database.execute(
        EXTEND_GONE,
        (
            last, counts.readings, counts.events, gone.from_ms, gone.to_ms,
            epoch_id, first - 1, gone.state, gone.reason,
        ),
    )  # fmt: skip
    if extended.rowcount == 0:
        database.execute(
            INSERT_GONE,
            (
                epoch_id, first, last, gone.state, gone.reason,
                counts.readings, counts.events, gone.from_ms, gone.to_ms,
            ),
        )  # fmt: skip


def _epoch_row(update: EpochUpdate) -> tuple[str, str, int]:
    settled, rejected = (
        json.dumps(numbers.ranges, separators=(",", ":"))
        for numbers in (update.settled, update.rejected)
    )
    return settled, rejected, update.epoch_id


def _origin_row(origin: Origin) -> tuple[str, int, int, int, int | None]:
    return origin.boot, origin.origin_ms, origin.uncertainty_ms, origin.revision, origin.seen_ms


def _learned_row(item: tuple[AssetId, Learned]) -> tuple[str, float | None, str]:
    asset, learned = item
    return (asset, learned.level, json.dumps(learned.nights))


def _event_row(event: Event) -> tuple[str, str, str, str, int, str]:
    return event.id, event.asset, event.kind, event.type, event.at_ms, event.detail
