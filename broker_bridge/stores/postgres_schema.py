"""PostgreSQL's tables, made and brought up to date between two commits of bridges at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from psycopg import Connection, Cursor, sql
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

from broker_bridge.errors import StoreGone
from broker_bridge.language import mark
from broker_bridge.stores.postgres_hours import kept_for_now, months_with_raw
from broker_bridge.stores.postgres_rows import known_months, make_months, months_around
from broker_bridge.stores.schema import foreign, migrations_of, pending
from contract.quantities import QUANTITIES

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('nadi schema'))"
_VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, name text NOT NULL)
"""
_KNOWN_VERSION = "SELECT coalesce(max(version), 0) FROM schema_version"
_ADD_VERSION = "INSERT INTO schema_version (version, name) VALUES (%s, %s)"
_HAS_VERSION = "SELECT to_regclass('schema_version') IS NOT NULL"
_HAS_TABLES = """
SELECT EXISTS (SELECT 1 FROM pg_class c WHERE c.relkind IN ('r', 'p')
    AND c.relnamespace = current_schema()::regnamespace)
"""
# A commit takes `gateway` first, and a migration whatever it alters: in another order the two would
# wait for each other. The months' tables are only ever reached through theirs.
_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relnamespace = current_schema()::regnamespace
ORDER BY c.relname <> 'gateway', c.relname
"""
_TIMEOUT = "SELECT set_config('statement_timeout', %s, true)"
PATIENCE_S = 5.0
_SEED_QUANTITY = """
WITH known AS (UPDATE quantity SET unit = %(unit)s WHERE name = %(name)s RETURNING 1)
INSERT INTO quantity (name, unit) SELECT %(name)s, %(unit)s
WHERE NOT EXISTS (SELECT 1 FROM known)
"""


def version_of(cursor: Cursor[Any]) -> int:
    """Of the store as it is; 0 of an empty one."""
    return int(_value(cursor, _KNOWN_VERSION)) if _value(cursor, _HAS_VERSION) else 0


def migrate(connection: Connection[Any], *, patience_s: float = PATIENCE_S) -> None:
    """All in one transaction, under a lock: two bridges may start at once. Raises StoreGone."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)
        if not _value(cursor, _HAS_VERSION) and _value(cursor, _HAS_TABLES):
            raise foreign("the database")
        _bring_up_to_date(cursor, patience_s)
        _seed(cursor)


def _bring_up_to_date(cursor: Cursor[Any], patience_s: float) -> None:
    known = version_of(cursor)
    steps = pending(migrations_of("postgresql"), known, where=mark("the database"))
    if steps and known:
        _have_alone(cursor, patience_s)
    cursor.execute(_VERSION_TABLE)
    for step in steps:
        cursor.execute(step.sql.encode())
        cursor.execute(_ADD_VERSION, (step.version, step.name))


def _have_alone(cursor: Cursor[Any], patience_s: float) -> None:
    """All tables at once, or none and another time: the bridges wait no longer than for this."""
    tables = [sql.Identifier(name) for (name,) in cursor.execute(_TABLES).fetchall()]
    lock = sql.SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE")
    with _patience(cursor, patience_s):
        cursor.execute(lock.format(sql.SQL(", ONLY ").join(tables)))


@contextmanager
def _patience(cursor: Cursor[Any], seconds: float) -> Iterator[None]:
    before = _value(cursor, "SELECT current_setting('statement_timeout')")
    cursor.execute(_TIMEOUT, (f"{seconds * 1_000:.0f}ms",))
    try:
        yield
    except (DeadlockDetected, LockNotAvailable, QueryCanceled) as error:
        raise StoreGone(
            mark(
                "the store is of an older version, and its tables are in use all the time: it"
                " cannot be brought up to date now"
            ),
            hint=mark(
                "is it a backup, an export or a long query? nadi-bridge run tries again by itself"
            ),
        ) from error
    cursor.execute(_TIMEOUT, (before,))


def _seed(cursor: Cursor[Any]) -> None:
    """The quantities' units, and months before they are needed."""
    units = [{"name": quantity.name, "unit": quantity.unit} for quantity in QUANTITIES.values()]
    cursor.executemany(_SEED_QUANTITY, units)
    now: datetime = _value(cursor, "SELECT clock_timestamp()")
    wanted = months_with_raw(set(months_around(now)), kept_for_now(cursor))
    make_months(cursor, wanted - known_months(cursor))


def _value(cursor: Cursor[Any], question: str) -> Any:
    row = cursor.execute(question.encode()).fetchone()
    return row[0] if row else None
