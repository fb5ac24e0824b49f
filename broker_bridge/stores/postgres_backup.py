"""A PostgreSQL store by its own tools: pg_dump while others write, pg_restore into an empty one."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg.conninfo import conninfo_to_dict

from broker_bridge.errors import BackupRefused
from broker_bridge.language import mark
from broker_bridge.store import Balance
from broker_bridge.stores import postgres_reads as reads
from broker_bridge.stores.postgres import in_words

LONGEST_S = 86_400
INSTALLED = Path("/usr/lib/postgresql")
ENVIRONMENT = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER",
    "password": "PGPASSWORD", "dbname": "PGDATABASE", "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE", "service": "PGSERVICE",
}  # fmt: skip
_TABLES = """
SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


def dump(conninfo: str, file: Path) -> Sequence[Balance]:
    """One moment of the whole database, its list read back, and its balance at that moment.

    Raises BackupRefused, StoreGone.
    """
    with _one_moment(conninfo) as (cursor, moment):
        balances = reads.balance(cursor)
        taken = ("--format=custom", "--no-owner", f"--snapshot={moment}", f"--file={file}")
        _run(conninfo, "pg_dump", *taken)
    _run(conninfo, "pg_restore", "--list", str(file))
    return balances


@contextmanager
def _one_moment(conninfo: str) -> Iterator[tuple[Cursor[Any], str]]:
    """What the cursor sees, under the name by which pg_dump sees the same."""
    with in_words(), psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        (moment,) = cursor.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        yield cursor, moment


def load(file: Path, conninfo: str) -> None:
    """All or nothing; raises BackupRefused unless the database is empty."""
    with psycopg.connect(conninfo) as connection:
        (tables,) = connection.execute(_TABLES).fetchone() or (0,)
    database = conninfo_to_dict(conninfo).get("dbname", "")
    if tables:
        raise BackupRefused(
            mark("the database {database} is not empty"),
            hint=mark("createdb a new one, name it in the settings, and restore into that"),
            database=database,
        )
    _run(
        conninfo, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner",
        f"--dbname={database}", str(file),
    )  # fmt: skip


def _run(conninfo: str, program: str, *arguments: str) -> None:
    """The password goes by the environment: everybody may read a command line."""
    said = {key: str(value) for key, value in conninfo_to_dict(conninfo).items()}
    known = {ENVIRONMENT[key]: value for key, value in said.items() if key in ENVIRONMENT}
    try:
        done = subprocess.run(
            [_found(program), *arguments], env={**os.environ, **known}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", check=False, timeout=LONGEST_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BackupRefused(
            mark("{program} did not end"),
            hint=mark("look at the database"),
            program=program,
        ) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise BackupRefused(
            mark("{program}: {why}"),
            hint=mark("see its words; the database and its tools must fit"),
            program=program,
            why=lines[0] if lines else mark("it ended without saying why"),
        )


def _found(program: str) -> str:
    newest = sorted(INSTALLED.glob(f"*/bin/{program}"), key=lambda path: float(path.parts[-3]))
    found = str(newest[-1]) if newest else shutil.which(program)
    if not found:
        raise BackupRefused(
            mark("there is no {program} on this machine"),
            hint=mark("install postgresql-client"),
            program=program,
        )
    return found
