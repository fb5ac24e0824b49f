"""One moment of the SQLite store, read in short steps while the bridge commits.

A transaction for the whole of it would keep the log from beginning anew. None is needed: whatever
is committed later has higher row ids; only an event may be dated or end meanwhile.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from broker_bridge.errors import StoreGone
from broker_bridge.language import mark
from broker_bridge.stores.exporting import (
    BLOCK_ROWS,
    NAMES,
    NO_UNCERTAINTY,
    POSITION,
    BatchFacts,
    Block,
    EventRow,
    HourRow,
    Part,
    Position,
    SeriesRow,
    mark_of,
    names_of,
    spread_facts,
)

_BUSY_TIMEOUT_S = 5.0
# Of so few each has its rows found by the index; those of more are looked for in the whole table.
FEW_ASSETS = 200
_MARK = "SELECT sha256 FROM batch WHERE id = ?"
_READINGS = """
SELECT observed_ms, value, batch_id, asset_id, quantity_id, quality FROM reading NOT INDEXED
WHERE rowid BETWEEN ? AND ? AND batch_id <= ? AND {conditions}
"""
_READINGS_OF_ASSET = """
SELECT observed_ms, value, batch_id, asset_id, quantity_id, quality FROM reading
WHERE asset_id = ? AND +rowid <= ? AND batch_id <= ? AND {conditions}
"""
# Two questions: SQLite looks up one end of a table, and reads all of it for both at once.
_ENDS = """
SELECT coalesce((SELECT min(rowid) FROM {table}), 0), coalesce((SELECT max(rowid) FROM {table}), -1)
"""
# A row was added after the position if its batch was, or if its boot was dated since then.
_IS_LATER = """
SELECT r.batch_id > ?2 OR coalesce(o.dated, 0) > ?3
FROM reading r JOIN batch b ON b.id = r.batch_id JOIN boot o ON o.id = b.boot_id
WHERE r.rowid >= ?1 ORDER BY r.rowid LIMIT 1
"""
_FACTS = f"""
SELECT b.id, s.gateway_id, coalesce(b.uncertainty_ms, {NO_UNCERTAINTY})
FROM json_each(?) w JOIN batch b ON b.id = w.value JOIN stream s ON s.id = b.stream_id
"""  # noqa: S608 - made of constants
_EVENTS = """
SELECT e.observed_ms, e.asset_id, e.gateway_id, e.type, e.phase, e.time_quality,
    e.phase = 'begin' AND NOT e.ended, e.name
FROM event e NOT INDEXED CROSS JOIN boot o ON o.id = e.boot_id
WHERE e.id BETWEEN ? AND ? AND {conditions} ORDER BY e.id
"""
_HOURS = """
SELECT hour_ms, asset_id, quantity_id, readings, suspect, estimated, total, lowest, highest, due
FROM hourly WHERE asset_id = ? AND {conditions}
"""
_SERIES = "SELECT asset_id, quantity_id, observed_ms FROM asset_latest"
_COLUMNS = np.dtype(
    [
        ("observed_ms", "i8"),
        ("value", "f8"),
        ("batch_id", "i8"),
        ("asset_id", "i8"),
        ("quantity_id", "i8"),
        ("quality", "i8"),
    ]
)


@contextmanager
def opened_moment(path: Path, *, step_rows: int = BLOCK_ROWS) -> Iterator["SqliteMoment"]:
    """No step reads more than `step_rows` row ids, or one asset. Raises StoreGone."""
    try:
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
        )  # fmt: skip
        with closing(database):
            yield SqliteMoment(database, step_rows)
    except sqlite3.Error as error:
        raise StoreGone(
            mark("{path} cannot be read: {why}"),
            hint=mark("is it a store, and may this user read it?"),
            path=path,
            why=error,
        ) from error


class SqliteMoment:
    """See `Moment`."""

    def __init__(self, database: sqlite3.Connection, step_rows: int) -> None:
        self._db = database
        self._step_rows = step_rows
        database.execute("BEGIN")
        generation, batch, dated = database.execute(POSITION).fetchone()
        mark = self.mark_of(batch) or ""
        self.position = Position(generation=generation, batch=batch, mark=mark, dated=dated)
        rows = (database.execute(sql).fetchall() for sql in NAMES)
        self.names = names_of(*rows)
        self._rows: tuple[int, int] = database.execute(_ENDS.format(table="reading")).fetchone()
        self._events: tuple[int, int] = database.execute(_ENDS.format(table="event")).fetchone()
        database.execute("COMMIT")

    def mark_of(self, batch: int) -> str | None:
        """See `Moment.mark_of`."""
        row = self._db.execute(_MARK, (batch,)).fetchone()
        return mark_of(batch, row[0]) if row else None

    def readings(self, part: Part) -> Iterator[Block]:
        """See `Moment.readings`. What the retention lets go meanwhile is not in it."""
        few = part.assets is not None and len(part.assets) <= FEW_ASSETS
        steps = self._by_asset(part) if few and not part.since else self._by_rows(part)
        for rows in _gathered(steps, self._step_rows // 2):
            table = np.array(rows, _COLUMNS)
            yield Block(**{name: table[name] for name in table.dtype.names or ()})

    def _by_asset(self, part: Part) -> Iterator[list[tuple[Any, ...]]]:
        conditions, parameters = _conditions(replace(part, assets=None), "")
        sql = _READINGS_OF_ASSET.format(conditions=conditions)
        for asset in part.assets or ():
            bounds = (asset, self._rows[1], self.position.batch)
            yield from _in_blocks(self._db.execute(sql, (*bounds, *parameters)))

    def _by_rows(self, part: Part) -> Iterator[list[tuple[Any, ...]]]:
        first, last = self._rows
        if part.since:
            first = self._first_later_row(part.since)
        conditions, parameters = _conditions(part, "")
        sql = _READINGS.format(conditions=conditions)
        for step in self._steps(first, last):
            yield self._db.execute(sql, (*step, self.position.batch, *parameters)).fetchall()

    def _steps(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        for at in range(first, last + 1, self._step_rows):
            yield at, min(at + self._step_rows - 1, last)

    def _first_later_row(self, since: Position) -> int:
        """Rows lie in the order of their commits, so it is found by halving."""
        first, last = self._rows
        last += 1
        while first < last:
            middle = (first + last) // 2
            found = self._db.execute(_IS_LATER, (middle, since.batch, since.dated)).fetchone()
            if found and not found[0]:
                first = middle + 1
            else:
                last = middle
        return int(first)

    def facts_of(self, block: Block) -> BatchFacts:
        """See `Moment.facts_of`."""
        ids = json.dumps(np.unique(block.batch_id).tolist())
        known = {id_: facts for id_, *facts in self._db.execute(_FACTS, (ids,))}
        return spread_facts(block, known)

    def events(self, part: Part) -> Iterator[Sequence[EventRow]]:
        """See `Moment.events`."""
        conditions, parameters = _conditions(part, "e.")
        if part.since:
            conditions += " AND (e.batch_id > ? OR e.observed_ms IS NOT NULL AND o.dated > ?)"
            parameters += [part.since.batch, part.since.dated]
        sql = _EVENTS.format(conditions=conditions)
        steps = (
            self._db.execute(sql, (*step, *parameters)).fetchall()
            for step in self._steps(*self._events)
        )
        for rows in _gathered(steps, self._step_rows // 2):
            yield [EventRow(*row) for row in rows]

    def hours(self, part: Part) -> Iterator[Sequence[HourRow]]:
        """See `Moment.hours`."""
        conditions, parameters = _conditions(replace(part, assets=None), "", time="hour_ms")
        sql = _HOURS.format(conditions=conditions)
        assets = sorted(self.names.assets) if part.assets is None else part.assets
        steps = (
            rows
            for asset in assets
            for rows in _in_blocks(self._db.execute(sql, (asset, *parameters)))
        )
        for rows in _gathered(steps, self._step_rows // 2):
            yield [HourRow(*row) for row in rows]

    def series(self) -> Iterator[SeriesRow]:
        """See `Moment.series`."""
        return (SeriesRow(*row) for row in self._db.execute(_SERIES))


def _conditions(part: Part, table: str, *, time: str = "observed_ms") -> tuple[str, list[object]]:
    conditions, parameters = ["1"], list[object]()
    for column, wanted in (("asset_id", part.assets), ("quantity_id", part.quantities)):
        if wanted is not None:
            one_of = "IN (SELECT value FROM json_each(?))"
            conditions.append(f"{table}{column} {one_of}")
            parameters.append(json.dumps(list(wanted)))
    for comparison, bound_ms in ((">=", part.from_ms), ("<", part.until_ms)):
        if bound_ms is not None:
            conditions.append(f"{table}{time} {comparison} ?")
            parameters.append(bound_ms)
    return " AND ".join(conditions), parameters


def _gathered(
    steps: Iterable[list[tuple[Any, ...]]], least: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Steps that found little are one block together."""
    rows: list[tuple[Any, ...]] = []
    for some in steps:
        rows += some
        if len(rows) >= least:
            yield rows
            rows = []
    if rows:
        yield rows


def _in_blocks(cursor: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(BLOCK_ROWS):
        yield rows
