"""One moment of the PostgreSQL store, read by columns while the bridges commit."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import Connection, Cursor, IsolationLevel, sql
from psycopg.errors import LockNotAvailable

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
from broker_bridge.stores.moments import moment_of
from broker_bridge.stores.postgres_rows import PG_EPOCH_MS

# An export of a table goes by pages, one of few assets by their index.
FEW_ASSETS = 200
_PAGES = 500

_SESSION = {
    "application_name": "nadi-bridge export",
    "lock_timeout": "5s",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "tcp_user_timeout": "60s",
    "timezone": "UTC",
    "client_encoding": "UTF8",
}
# Every commit of readings writes `batch`. With the lock nobody is within one: whatever has an id
# up to the highest is committed, and is in the snapshot that the first question takes.
_NOBODY_COMMITS = "LOCK TABLE batch IN SHARE MODE"
_MARK = "SELECT sha256 FROM batch WHERE id = %s"
# The tables that hold the readings, each with the month it is of.
_TABLES = """
SELECT n.nspname, c.relname, pg_relation_size(c.oid) / current_setting('block_size')::int
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.inhparent = 'reading'::regclass AND c.relkind = 'r' ORDER BY c.relname
"""
_BY_PAGES = """
SELECT string_agg(timestamptz_send(r.observed_at), ''), string_agg(float8send(r.value), ''),
    string_agg(int8send(r.batch_id), ''), string_agg(int4send(r.asset_id), ''),
    string_agg(int2send(r.quantity_id), ''), string_agg(int2send(r.quality), '')
FROM ONLY {table} r WHERE r.ctid >= {first}::tid AND r.ctid < {next}::tid AND {conditions}
"""
_KINDS = (">i8", ">f8", ">i8", ">i4", ">i2", ">i2")
_BY_ROWS = """
COPY (SELECT r.observed_at, r.value, r.batch_id, r.asset_id, r.quantity_id, r.quality
    FROM reading r WHERE {conditions}) TO STDOUT (FORMAT BINARY)
"""
_COPY_HEAD_BYTES = 19  # PostgreSQL manual, COPY, Binary Format
_COPY_TAIL = b"\xff\xff"
_ROW = np.dtype(
    [("fields", ">i2")]
    + [
        field
        for at, kind in enumerate(_KINDS)
        for field in ((f"size {at}", ">i4"), (f"column {at}", kind))
    ]
)
_DATED_LATER = """
SELECT b.id FROM batch b JOIN boot o ON o.id = b.boot_id WHERE o.dated > %s AND b.id <= %s
"""
_FACTS = f"""
SELECT b.id, s.gateway_id, coalesce(b.uncertainty_ms, {NO_UNCERTAINTY})
FROM batch b JOIN stream s ON s.id = b.stream_id WHERE b.id = ANY(%s)
"""  # noqa: S608 - made of constants
_EVENTS = """
SELECT (extract(epoch FROM e.observed_at) * 1000)::bigint, e.asset_id, e.gateway_id, e.type,
    e.phase, e.time_quality, e.phase = 'begin' AND NOT e.ended, e.name
FROM event e JOIN boot o ON o.id = e.boot_id WHERE {conditions} ORDER BY e.id
"""
_HOURS = """
SELECT (extract(epoch FROM r.hour) * 1000)::bigint, r.asset_id, r.quantity_id, r.readings,
    r.suspect, r.estimated, r.total, r.lowest, r.highest, r.due
FROM hourly r WHERE {conditions}
"""
_SERIES = """
SELECT asset_id, quantity_id, (extract(epoch FROM observed_at) * 1000)::bigint FROM asset_latest
"""


@contextmanager
def opened_moment(conninfo: str) -> Iterator["PostgresMoment"]:
    """Raises StoreGone."""
    try:
        with ExitStack() as ending:
            reading, asking = (ending.enter_context(_connected(conninfo)) for _ in range(2))
            reading.isolation_level = IsolationLevel.REPEATABLE_READ
            yield PostgresMoment(reading, asking)
    except LockNotAvailable as error:
        raise StoreGone(
            mark("a commit takes longer than an export may keep the bridges waiting"),
            hint=mark("try again; nadi-bridge doctor says what is slow"),
        ) from error
    except psycopg.Error as error:
        raise StoreGone(
            mark("PostgreSQL cannot be used: {why}"),
            hint=mark("check that it runs, and run the export again; nothing was left half done"),
            why=str(error).strip().splitlines()[0],
        ) from error


def _connected(conninfo: str) -> "Connection[Any]":
    connection = psycopg.connect(conninfo, autocommit=False)
    for name, value in _SESSION.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.commit()
    return connection


class PostgresMoment:
    """See `Moment`; `asking` is a second connection, for questions while rows arrive."""

    def __init__(self, reading: "Connection[Any]", asking: "Connection[Any]") -> None:
        self._db = reading
        self._asking = asking
        asking.autocommit = True
        self.position = self._snapshot()
        rows = (self._db.execute(sql_).fetchall() for sql_ in NAMES)
        self.names = names_of(*rows)

    def _snapshot(self) -> Position:
        """Bridges wait while the lock is asked for, which is as long as the commits at hand."""
        self._db.execute("SAVEPOINT before_the_lock")
        self._db.execute(_NOBODY_COMMITS)
        generation, batch, dated = _one(self._db.execute(POSITION))
        self._db.execute("ROLLBACK TO SAVEPOINT before_the_lock")
        mark = self.mark_of(batch) or ""
        return Position(generation=generation, batch=batch, mark=mark, dated=dated)

    def mark_of(self, batch: int) -> str | None:
        """See `Moment.mark_of`."""
        row = self._db.execute(_MARK, (batch,)).fetchone()
        return mark_of(batch, row[0]) if row else None

    def readings(self, part: Part) -> Iterator[Block]:
        """See `Moment.readings`."""
        few = part.assets is not None and len(part.assets) <= FEW_ASSETS
        tables = [] if few or part.since else self._tables(part)
        if tables:
            for table, pages in tables:
                if pages:
                    yield from self._by_pages(table, pages, part)
        else:
            for condition in self._since(part.since):
                yield from self._by_rows([*_conditions(part), condition])

    def _tables(self, part: Part) -> list[tuple[sql.Identifier, int]]:
        """Empty where the readings do not lie in tables of months."""
        found = self._db.execute(_TABLES).fetchall()
        return [(sql.Identifier(*at), pages) for *at, pages in found if _touches(at[1], part)]

    def _by_pages(self, table: sql.Identifier, pages: int, part: Part) -> Iterator[Block]:
        """The server makes the next block while this one is written."""
        conditions = sql.SQL(" AND ").join(_conditions(part))
        ask = partial(self._columns, table, conditions=conditions)
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(ask, 0)
            for following in range(_PAGES, pages + _PAGES, _PAGES):
                columns = coming.result()
                if following < pages:
                    coming = ahead.submit(ask, following)
                if columns[0] is not None:
                    yield _block(
                        [np.frombuffer(*each) for each in zip(columns, _KINDS, strict=True)]
                    )

    def _columns(
        self, table: sql.Identifier, first: int, *, conditions: sql.Composable
    ) -> tuple[Any, ...]:
        """Of the rows in so many pages, each column as one string of bytes."""
        with self._db.cursor(binary=True) as cursor:
            cursor.execute(
                sql.SQL(_BY_PAGES).format(
                    table=table,
                    first=sql.Literal(f"({first},0)"),
                    next=sql.Literal(f"({first + _PAGES},0)"),
                    conditions=conditions,
                )
            )
            return _one(cursor)

    def _since(self, since: Position | None) -> Iterator[sql.Composable]:
        """What was committed later, then what was committed before and has got its date since."""
        if since is None:
            yield sql.SQL("true")
            return
        yield sql.SQL("r.batch_id > {}").format(sql.Literal(since.batch))
        rows = self._db.execute(_DATED_LATER, (since.dated, since.batch)).fetchall()
        if ids := [id_ for (id_,) in rows]:
            yield sql.SQL("r.batch_id = ANY({}::bigint[])").format(sql.Literal(ids))

    def _by_rows(self, conditions: Sequence[sql.Composable]) -> Iterator[Block]:
        command = sql.SQL(_BY_ROWS).format(conditions=sql.SQL(" AND ").join(conditions))
        with self._db.cursor() as cursor, cursor.copy(command) as copy:
            waiting = [copy.read()[_COPY_HEAD_BYTES:]]
            while data := copy.read():
                waiting.append(data)
                if len(waiting) > BLOCK_ROWS:
                    yield _rows(b"".join(waiting))
                    waiting = []
        last = b"".join(waiting).removesuffix(_COPY_TAIL)
        if last:
            yield _rows(last)

    def facts_of(self, block: Block) -> BatchFacts:
        """See `Moment.facts_of`."""
        ids = np.unique(block.batch_id).tolist()
        known = {id_: facts for id_, *facts in self._asking.execute(_FACTS, (ids,))}
        return spread_facts(block, known)

    def events(self, part: Part) -> Iterator[Sequence[EventRow]]:
        """See `Moment.events`."""
        conditions = _conditions(part, "e.")
        if part.since:
            condition = (
                "(e.batch_id > {} OR e.observed_at IS NOT NULL AND coalesce(o.dated, 0) > {})"
            )
            at = (sql.Literal(part.since.batch), sql.Literal(part.since.dated))
            conditions.append(sql.SQL(condition).format(*at))
        for rows in self._in_blocks(_EVENTS, conditions):
            yield [EventRow(*row) for row in rows]

    def hours(self, part: Part) -> Iterator[Sequence[HourRow]]:
        """See `Moment.hours`."""
        for rows in self._in_blocks(_HOURS, _conditions(part, time="hour")):
            yield [HourRow(*row) for row in rows]

    def _in_blocks(
        self, question: LiteralString, conditions: Sequence[sql.Composable]
    ) -> Iterator[list[tuple[Any, ...]]]:
        with self._db.cursor("exported") as cursor:
            cursor.execute(sql.SQL(question).format(conditions=sql.SQL(" AND ").join(conditions)))
            while rows := cursor.fetchmany(BLOCK_ROWS):
                yield rows

    def series(self) -> Iterator[SeriesRow]:
        """See `Moment.series`."""
        return (SeriesRow(*row) for row in self._asking.execute(_SERIES))


def _conditions(
    part: Part, table: LiteralString = "r.", *, time: LiteralString = "observed_at"
) -> list[sql.Composable]:
    conditions: list[sql.Composable] = [sql.SQL("true")]
    columns: tuple[tuple[LiteralString, Sequence[int] | None], ...] = (
        ("asset_id", part.assets),
        ("quantity_id", part.quantities),
    )
    for column, wanted in columns:
        if wanted is not None:
            name = sql.SQL(table + column + " = ANY({}::int[])")
            conditions.append(name.format(sql.Literal(list(wanted))))
    bounds: tuple[tuple[LiteralString, int | None], ...] = (
        (">=", part.from_ms),
        ("<", part.until_ms),
    )
    for comparison, bound_ms in bounds:
        if bound_ms is not None:
            bound = sql.SQL(table + time + " " + comparison + " {}")
            conditions.append(bound.format(sql.Literal(moment_of(bound_ms))))
    return conditions


def _touches(name: str, part: Part) -> bool:
    """Whether a table may hold what is wanted; one of no month may."""
    parts = name.split("_")
    if len(parts) != 3 or not (parts[1] + parts[2]).isdecimal():
        return True
    first = np.datetime64(f"{parts[1]}-{parts[2]}", "M")
    first_ms, next_ms = (int(m.astype("datetime64[ms]").astype(int)) for m in (first, first + 1))
    return (part.until_ms is None or first_ms < part.until_ms) and (
        part.from_ms is None or next_ms > part.from_ms
    )


def _rows(data: bytes) -> Block:
    table = np.frombuffer(data, _ROW)
    return _block([table[f"column {at}"] for at in range(len(_KINDS))])


def _block(columns: Sequence[NDArray[Any]]) -> Block:
    instant, value, batch_id, asset_id, quantity_id, quality = columns
    return Block(
        observed_ms=instant.astype(np.int64) // 1_000 + PG_EPOCH_MS,
        value=value.astype(np.float64),
        batch_id=batch_id.astype(np.int64),
        asset_id=asset_id.astype(np.int64),
        quantity_id=quantity_id.astype(np.int64),
        quality=quality.astype(np.int64),
    )


def _one(cursor: "Cursor[Any]") -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = cursor.fetchone()
    assert row is not None, "an aggregate has a row"
    return row
