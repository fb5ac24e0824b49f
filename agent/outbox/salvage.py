"""Every batch of a damaged outbox that matches its hash is taken over; the rest is named lost."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.outbox.counters import Counted
from agent.outbox.records import Gone
from agent.outbox.schema import number_of, row_id, span_of
from agent.outbox.soundness import TABLES, Row, Table, every
from contract.codec import Key, decode_model, inflate, sha256_of
from contract.identity import GatewayId
from contract.messages import OUTBOX_DAMAGED, BatchBody, Counts
from contract.ranges import Range, RangeSet

# A torn row may name any number; so many rounds beyond the last sound batch are a day of them.
MOST_BEYOND = 10_000
BATCHES = every("batch", (
    "id", "readings", "events", "readings_before", "events_before", "from_ms", "to_ms", "sha256",
    "body",
))  # fmt: skip
BOTH_WAYS = (
    f"{BATCHES} WHERE id BETWEEN ? AND ? ORDER BY id",
    f"{BATCHES} WHERE id BETWEEN ? AND ? ORDER BY id DESC",
)
ONE = f"{BATCHES} WHERE id = ?"
SELECT_ENDS = """
SELECT id, readings, events, readings_before, events_before FROM batch
WHERE id BETWEEN ? AND ? ORDER BY id
"""
SELECT_GONE = "SELECT first, last, readings, events FROM gone WHERE epoch_id = ? ORDER BY first"
# Every batch carried at least one reading or event.
FORGET_NONSENSE = """
DELETE FROM gone WHERE epoch_id = ? AND last > ? AND readings + events < last - first + 1
"""
INSERT_EPOCH = """
INSERT OR IGNORE INTO epoch(id, epoch, boot, parent_epoch, parent_n) VALUES (?, ?, ?, ?, ?)
"""
INSERT_BATCH = "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_GONE = "INSERT OR IGNORE INTO gone VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def take_over(
    aside: Path, gateway: GatewayId, into: sqlite3.Connection, counters: Iterable[Counted] = ()
) -> int:
    """Whatever can be read of `aside`, under its own numbers; returns how many batches it was.

    A torn page may have named an epoch; `counters` know it too, and a batch's hash proves it.
    """
    database = _opened(aside)
    if database is None:
        return 0
    try:
        for table in TABLES:
            _copy(database, table, into)
        into.executemany(INSERT_EPOCH, map(_epoch_row, counters))
        into.execute("DELETE FROM gone WHERE epoch_id NOT IN (SELECT id FROM epoch)")
        epochs = into.execute("SELECT id, epoch FROM epoch ORDER BY id").fetchall()
        sealed = {counted.epoch: counted.sealed for counted in counters}
        return sum(
            _take_over_epoch(
                database, into, epoch_id, Key(gateway=gateway, epoch=epoch, n=sealed.get(epoch, 0))
            )
            for epoch_id, epoch in epochs
        )
    finally:
        database.close()


def _opened(aside: Path) -> sqlite3.Connection | None:
    """A card that fails once is asked again; a torn word hides no row."""
    for _ in range(2):
        with contextlib.suppress(sqlite3.Error):
            database = sqlite3.connect(aside, isolation_level=None)
            database.text_factory = lambda word: word.decode("utf-8", "replace")
            return database
    return None


def _epoch_row(counted: Counted) -> tuple[object, ...]:
    parent = counted.parent
    return (
        counted.id, counted.epoch, counted.boot, parent and parent.epoch, parent and parent.n,
    )  # fmt: skip


def _copy(database: sqlite3.Connection, table: Table, into: sqlite3.Connection) -> None:
    for row in _rows(database, table.read):
        if table.is_sound(row):
            into.execute(table.write, row)


def _take_over_epoch(
    database: sqlite3.Connection, into: sqlite3.Connection, epoch_id: int, last: Key
) -> int:
    """`last` is the highest number that was counted beside the file.

    A torn row may stand among those of another epoch; its hash says whose it is.
    """
    saved, spoilt = set[int](), {}
    for row in _batches(database, epoch_id, into, last.n):
        n = number_of(row[0]) if isinstance(row[0], int) else 0
        if not n or n in saved:
            continue
        if _matches(row, Key(gateway=last.gateway, epoch=last.epoch, n=n)):
            into.execute(INSERT_BATCH, _by_its_body(row_id(epoch_id, n), row))
            saved.add(n)
        elif row[0] == row_id(epoch_id, n):
            spoilt[n] = row
    believed = _highest(into, epoch_id) + MOST_BEYOND
    into.execute(FORGET_NONSENSE, (epoch_id, believed))
    _name_spoilt(into, epoch_id, {n: row for n, row in spoilt.items() if n <= believed})
    _name_holes(into, epoch_id)
    return len(saved)


def _batches(
    database: sqlite3.Connection, epoch_id: int, into: sqlite3.Connection, sealed: int
) -> Iterator[Row]:
    """Up to the damage, from the other end down to it, and one by one what lies between."""
    for query in BOTH_WAYS:
        yield from _rows(database, query, span_of(epoch_id))
    everything = RangeSet([(1, max(_highest(into, epoch_id), sealed, 1))])
    known = _held(into, epoch_id) | RangeSet(numbers for numbers, _ in _gone(into, epoch_id))
    for n in everything - known:
        yield from _rows(database, ONE, (row_id(epoch_id, n),))


def _rows(database: sqlite3.Connection, query: str, span: tuple[int, ...] = ()) -> Iterator[Row]:
    try:
        yield from database.execute(query, span)
    except (sqlite3.Error, ValueError):  # or words of SQLite's that a torn page made
        return


def _matches(row: Row, key: Key) -> bool:
    sha256, body = row[7], row[8]
    if not (isinstance(sha256, bytes) and isinstance(body, bytes)):
        return False
    return sha256_of(key, body) == sha256.hex()


def _by_its_body(at: int, row: Row) -> Row:
    """Its numbers may be torn; its body is whole, as its hash has shown, and has them too."""
    assert isinstance(row[8], bytes)
    body = decode_model(BatchBody, inflate(row[8]))
    offsets_ms = [*body.offset_ms, *(event.offset_ms for event in body.events)]
    return (
        at, body.counts.readings, body.counts.events,
        body.sealed_before.readings, body.sealed_before.events,
        body.base_ms + min(offsets_ms), body.base_ms + max(offsets_ms), *row[7:],
    )  # fmt: skip


def _name_spoilt(into: sqlite3.Connection, epoch_id: int, spoilt: dict[int, Row]) -> None:
    """What a spoilt batch still says of itself, as far as it can be true."""
    known = _held(into, epoch_id) | RangeSet(numbers for numbers, _ in _gone(into, epoch_id))
    for n, row in sorted(spoilt.items()):
        if n not in known:
            readings, events, from_ms, to_ms = (
                value if isinstance(value, int) and value >= 0 else 0
                for value in (row[1], row[2], row[5], row[6])
            )
            counts = Counts(readings=readings, events=events)
            _record(into, epoch_id, _lost((n, n), counts, from_ms=from_ms, to_ms=to_ms))


def _name_holes(into: sqlite3.Connection, epoch_id: int) -> None:
    """Between two salvaged batches their cumulative counts say how much is missing."""
    gone = _gone(into, epoch_id)
    previous, sums = 0, Counts()
    for at, readings, events, readings_before, events_before in into.execute(
        SELECT_ENDS, span_of(epoch_id)
    ).fetchall():
        n = number_of(at)
        there = [(numbers, counts) for numbers, counts in gone if previous < numbers[0] < n]
        hole = RangeSet([(previous + 1, n - 1)] if n > previous + 1 else [])
        hole -= RangeSet(numbers for numbers, _ in there)
        named = sum((counts for _, counts in there), sums)
        missing = _less(Counts(readings=readings_before, events=events_before), named)
        for numbers in hole.ranges:
            _record(into, epoch_id, _lost(numbers, missing))
            missing = Counts()
        previous = n
        sums = Counts(readings=readings_before + readings, events=events_before + events)
    above = [numbers for numbers, _ in gone if numbers[0] > previous]
    if above:  # nothing is left to say how much lay between these
        for numbers in (RangeSet([(previous + 1, above[-1][1])]) - RangeSet(above)).ranges:
            _record(into, epoch_id, _lost(numbers, Counts()))


def _highest(into: sqlite3.Connection, epoch_id: int) -> int:
    query = "SELECT max(id) FROM batch WHERE id BETWEEN ? AND ?"
    (at,) = into.execute(query, span_of(epoch_id)).fetchone()
    return 0 if at is None else number_of(at)


def _held(into: sqlite3.Connection, epoch_id: int) -> RangeSet:
    rows = into.execute("SELECT id FROM batch WHERE id BETWEEN ? AND ?", span_of(epoch_id))
    return RangeSet.of(number_of(at) for (at,) in rows)


def _gone(into: sqlite3.Connection, epoch_id: int) -> list[tuple[Range, Counts]]:
    rows = into.execute(SELECT_GONE, (epoch_id,))
    return [
        ((first, last), Counts(readings=readings, events=events))
        for first, last, readings, events in rows
    ]


def _less(total: Counts, named: Counts) -> Counts:
    return Counts(
        readings=max(total.readings - named.readings, 0), events=max(total.events - named.events, 0)
    )


def _lost(numbers: Range, counts: Counts, *, from_ms: int = 0, to_ms: int = 0) -> Gone:
    return Gone(
        state="lost", numbers=numbers, counts=counts, reason=OUTBOX_DAMAGED, from_ms=from_ms,
        to_ms=to_ms,
    )  # fmt: skip


def _record(into: sqlite3.Connection, epoch_id: int, gone: Gone) -> None:
    row = (
        epoch_id, *gone.numbers, gone.state, gone.reason,
        gone.counts.readings, gone.counts.events, gone.from_ms, gone.to_ms,
    )  # fmt: skip
    into.execute(INSERT_GONE, row)
