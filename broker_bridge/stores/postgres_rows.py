"""Readings go into PostgreSQL as one binary COPY, built by numpy and not row by row."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from psycopg import Cursor, sql

from broker_bridge.stores.columns import Columns, Integers
from broker_bridge.stores.moments import ms_of

# PostgreSQL's instants are microseconds since 2000-01-01 UTC.
PG_EPOCH_MS = 946_684_800_000
# A partition of its own for each month of these years; whatever lies outside goes to the default.
FIRST_YEAR, LAST_YEAR = 2_000, 2_199

# PostgreSQL manual, COPY, Binary Format.
_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TAIL = struct.pack(">h", -1)

_COPY_READING = """
COPY reading (observed_at, value, batch_id, asset_id, quantity_id, quality)
FROM STDIN (FORMAT BINARY)
"""
_COPY_UNDATED = """
COPY undated (at_ms, value, batch_id, asset_id, quantity_id, quality, boot_id)
FROM STDIN (FORMAT BINARY)
"""
_MAKE_MONTH = """
CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ({first}) TO ({next})
"""
# Partitions are made one at a time, whoever needs them.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('nadi reading partitions'))"
_MONTHS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %s::regclass
"""

Month = tuple[int, int]
Partitioned = Literal["reading", "hourly"]


def copy_dated(cursor: Cursor[Any], columns: Columns) -> None:
    """Their months must have their partitions."""
    if len(columns):
        first = (columns.time_ms - PG_EPOCH_MS) * 1_000
        _copy(cursor, _COPY_READING, _fields(columns, first))


def copy_undated(cursor: Cursor[Any], columns: Columns) -> None:
    """Readings whose boot has no origin yet."""
    if len(columns):
        fields = [*_fields(columns, columns.time_ms), ("boot", ">i8", columns.boot_id)]
        _copy(cursor, _COPY_UNDATED, fields)


_Field = tuple[str, str, NDArray[Any]]


def _fields(columns: Columns, first: Integers) -> list[_Field]:
    return [
        ("time", ">i8", first),
        ("value", ">f8", columns.value),
        ("batch", ">i8", columns.batch_id),
        ("asset", ">i4", columns.asset_id),
        ("quantity", ">i2", columns.quantity_id),
        ("quality", ">i2", columns.quality),
    ]


def _copy(cursor: Cursor[Any], command: str, fields: list[_Field]) -> None:
    with cursor.copy(command) as copy:
        copy.write(_HEAD)
        copy.write(_tuples(fields))
        copy.write(_TAIL)


def _tuples(fields: list[_Field]) -> bytes:
    """Each row: the count of its fields, then each field's size and bytes, all big-endian."""
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind, _ in fields:
        layout += [(f"{name} size", ">i4"), (name, kind)]
    rows = np.empty(len(fields[0][2]), np.dtype(layout))
    rows["fields"] = len(fields)
    for name, kind, column in fields:
        rows[f"{name} size"] = np.dtype(kind).itemsize
        rows[name] = column
    return rows.tobytes()


def months_of(columns: Columns) -> set[Month]:
    """The months that need a partition."""
    if not len(columns):
        return set()
    months = np.unique(columns.time_ms.astype("datetime64[ms]").astype("datetime64[M]"))
    named = ((m.year, m.month) for m in months.astype(datetime).tolist())
    return {month for month in named if FIRST_YEAR <= month[0] <= LAST_YEAR}


def months_around(now: datetime) -> Iterator[Month]:
    """A year back and two ahead, made before they are needed."""
    for at in range(now.year * 12 + now.month - 13, now.year * 12 + now.month + 24):
        yield at // 12, at % 12 + 1


def first_ms(month: Month) -> int:
    """When it begins, UTC."""
    return ms_of(datetime(*month, 1, tzinfo=UTC))


def following(month: Month) -> Month:
    """The month after it."""
    year, number = month
    return (year, number + 1) if number < 12 else (year + 1, 1)


def known_months(cursor: Cursor[Any], table: Partitioned = "reading") -> set[Month]:
    """Those that have a partition."""
    names = (str(name).split("_") for (name,) in cursor.execute(_MONTHS, (table,)).fetchall())
    return {(int(parts[1]), int(parts[2])) for parts in names if len(parts) == 3}


def make_months(cursor: Cursor[Any], months: set[Month], table: Partitioned = "reading") -> None:
    """In the transaction at hand."""
    if not months:
        return
    cursor.execute(_ONE_AT_A_TIME)
    for month in sorted(months):
        cursor.execute(
            sql.SQL(_MAKE_MONTH).format(
                name=sql.Identifier(partition_of(month, table)),
                table=sql.Identifier(table),
                first=sql.Literal(datetime(*month, 1, tzinfo=UTC)),
                next=sql.Literal(datetime(*following(month), 1, tzinfo=UTC)),
            )
        )


def partition_of(month: Month, table: Partitioned = "reading") -> str:
    """Its table's name."""
    return f"{table}_{month[0]:04}_{month[1]:02}"
