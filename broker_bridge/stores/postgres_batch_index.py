"""Months that were large when the index by batches came get theirs while the bridges write."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
from psycopg import sql
from psycopg.errors import LockNotAvailable

_SESSION = {
    "application_name": "nadi-bridge index",
    "lock_timeout": "30s",
    "statement_timeout": "0",
}
_WITHOUT = """
SELECT n.nspname, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.inhparent = 'reading'::regclass AND c.relkind = 'r' AND NOT EXISTS
    (SELECT 1 FROM pg_index x JOIN pg_inherits own ON own.inhrelid = x.indexrelid
        WHERE x.indrelid = c.oid AND own.inhparent = 'reading_by_batch'::regclass)
ORDER BY c.relname
"""
# What a run that was cut off left is not valid, and in the way.
_STEPS = (
    "DROP INDEX CONCURRENTLY IF EXISTS {index}",
    "CREATE INDEX CONCURRENTLY {name} ON {month} USING brin (batch_id) WITH (autosummarize = on)",
    "ALTER INDEX reading_by_batch ATTACH PARTITION {index}",
)


def index_months(conninfo: str) -> int:
    """How many got theirs; one that is in use all the time is left for the next time."""
    with closing(psycopg.connect(conninfo, autocommit=True)) as connection:
        for setting in _SESSION.items():
            connection.execute("SELECT set_config(%s, %s, false)", setting)
        months = connection.execute(_WITHOUT).fetchall()
        return sum(_index(connection, schema, month) for schema, month in months)


def _index(connection: "psycopg.Connection[tuple[str, ...]]", schema: str, month: str) -> bool:
    try:
        for step in _steps(schema, month):
            connection.execute(step)
    except LockNotAvailable:
        return False
    return True


def _steps(schema: str, month: str) -> Iterator[sql.Composed]:
    name = f"{month}_by_batch"
    for step in _STEPS:
        yield sql.SQL(step).format(
            index=sql.Identifier(schema, name),
            name=sql.Identifier(name),
            month=sql.Identifier(schema, month),
        )
