"""One moment of the SQLite store, read by a connection of its own while the bridge commits."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
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
_MARK = "SELECT sha256 FROM batch WHERE id = ?"
_READINGS = """
SELECT observed_ms, value, batch_id, asset_id, quantity_id, quality FROM reading
WHERE {conditions}
"""
_ROWS = "SELECT coalesce(min(rowid), 0), coalesce(max(rowid), -1) FROM reading"
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
FROM event e JOIN boot o ON o.id = e.boot_id WHERE {conditions} ORDER BY e.id
"""
_HOURS = """
SELECT hour_ms, asset_id, quantity_id, readings, suspect, estimated, total, lowest, highest, due
FROM hourly WHERE {conditions}
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
def opened_moment(path: Path) -> Iterator["SqliteMoment"]:
    """Raises StoreGone."""
    try:
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
        )  # fmt: skip
        with closing(database):
            database.execute("BEGIN")
            yield SqliteMoment(database)
    except sqlite3.Error as error:
        raise StoreGone(
            mark("{path} cannot be read: {why}"),
            hint=mark("is it a store, and may this user read it?"),
            path=path,
            why=error,
        ) from error


class SqliteMoment:
    """See `Moment`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        generation, batch, dated = database.execute(POSITION).fetchone()
        mark = self.mark_of(batch) or ""
        self.position = Position(generation=generation, batch=batch, mark=mark, dated=dated)
        rows = (database.execute(sql).fetchall() for sql in NAMES)
        self.names = names_of(*rows)

    def mark_of(self, batch: int) -> str | None:
        """See `Moment.mark_of`."""
        row = self._db.execute(_MARK, (batch,)).fetchone()
        return mark_of(batch, row[0]) if row else None

    def readings(self, part: Part) -> Iterator[Block]:
        """See `Moment.readings`."""
        conditions, parameters = _conditions(part, "")
        if part.since:
            conditions.append("rowid >= ?")
            parameters.append(self._first_later_row(part.since))
        sql = _READINGS.format(conditions=" AND ".join(conditions))
        for rows in _in_blocks(self._db.execute(sql, parameters)):
            table = np.array(rows, _COLUMNS)
            yield Block(**{name: table[name] for name in table.dtype.names or ()})

    def _first_later_row(self, since: Position) -> int:
        """Rows lie in the order of their commits, so it is found by halving."""
        first, last = self._db.execute(_ROWS).fetchone()
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
            conditions.append(
                "(e.batch_id > ? OR e.observed_ms IS NOT NULL AND coalesce(o.dated, 0) > ?)"
            )
            parameters += [part.since.batch, part.since.dated]
        sql = _EVENTS.format(conditions=" AND ".join(conditions))
        for rows in _in_blocks(self._db.execute(sql, parameters)):
            yield [EventRow(*row) for row in rows]

    def hours(self, part: Part) -> Iterator[Sequence[HourRow]]:
        """See `Moment.hours`."""
        conditions, parameters = _conditions(part, "", time="hour_ms")
        sql = _HOURS.format(conditions=" AND ".join(conditions))
        for rows in _in_blocks(self._db.execute(sql, parameters)):
            yield [HourRow(*row) for row in rows]

    def series(self) -> Iterator[SeriesRow]:
        """See `Moment.series`."""
        return (SeriesRow(*row) for row in self._db.execute(_SERIES))


def _conditions(
    part: Part, table: str, *, time: str = "observed_ms"
) -> tuple[list[str], list[object]]:
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
    return conditions, parameters


def _in_blocks(cursor: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(BLOCK_ROWS):
        yield rows
