"""The outbox's file: its tables, how it is opened, and its failures in words."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import OutboxDamaged, OutboxFailed, OutboxFull, OutboxNewer

SCHEMA_VERSION = 3
APPLICATION_ID = 0x4E414449  # "NADI"
# A round touches two pages. Of 4,096 bytes they write 66 B a reading to the card, of 1,024 35 B.
PAGE_BYTES = 1_024
CACHE_KIB = 256  # a sealed batch is read once more at most; the default would fill up to 2 MiB
EPOCH_SHIFT = 40  # a row id is epoch id and batch number, so one tree serves both orders

CHECK_CARD = "check that the card is present and writable"

SCHEMA = """
CREATE TABLE epoch(
  id INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, boot TEXT NOT NULL,
  parent_epoch TEXT, parent_n INTEGER,
  settled TEXT NOT NULL DEFAULT '[]', rejected TEXT NOT NULL DEFAULT '[]',
  receipt_version INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE batch(
  id INTEGER PRIMARY KEY, readings INTEGER NOT NULL, events INTEGER NOT NULL,
  readings_before INTEGER NOT NULL, events_before INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
  sha256 BLOB NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX batch_with_events ON batch(id) WHERE events > 0;
CREATE TABLE gone(
  epoch_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, readings INTEGER NOT NULL, events INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, PRIMARY KEY(epoch_id, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE origin(
  boot TEXT PRIMARY KEY, origin_ms INTEGER NOT NULL, uncertainty_ms INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE open_event(
  id TEXT PRIMARY KEY, asset TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL,
  at_ms INTEGER NOT NULL, detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
LEARNED = """
CREATE TABLE learned(asset TEXT PRIMARY KEY, level REAL, nights TEXT NOT NULL)
  STRICT, WITHOUT ROWID;
"""
SEEN = "ALTER TABLE origin ADD COLUMN seen_ms INTEGER;"
STEPS = ("", LEARNED, SEEN)  # from version 1 on: what leads to the next


def connect(path: Path) -> sqlite3.Connection:
    """The only connection to the file: exclusive, WAL, every commit flushed."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1)
    try:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        database.execute(f"PRAGMA page_size={PAGE_BYTES}")  # of a new file; others keep theirs
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA journal_size_limit=8388608")
        _migrate(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION and application == APPLICATION_ID:
        raise OutboxNewer(
            f"{path}: written by a newer nadi-agent (schema {version}, this one reads"
            f" {SCHEMA_VERSION})",
            hint="install the newer nadi-agent again",
        )
    if version == 0 and database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
        steps = f"PRAGMA application_id={APPLICATION_ID}; {SCHEMA} {LEARNED} {SEEN}"
    elif application != APPLICATION_ID:
        raise OutboxDamaged(f"{path}: not an outbox of nadi-agent")
    else:
        steps = " ".join(STEPS[version:])
    if steps:
        database.executescript(f"BEGIN; PRAGMA user_version={SCHEMA_VERSION}; {steps} COMMIT;")


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn what SQLite and the card raise into OutboxFailed, OutboxFull or OutboxDamaged."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _failure(path, error) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full(path) from error
        raise OutboxFailed(f"{path}: {error.strerror}", hint=CHECK_CARD) from error
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:  # or a row of nonsense
        raise OutboxDamaged(f"{path}: {error}") from error


def _failure(path: Path, error: sqlite3.OperationalError) -> OutboxFailed:
    code = getattr(error, "sqlite_errorcode", None)
    if code in (None, sqlite3.SQLITE_ERROR):  # a text that is none, or a torn schema
        return OutboxDamaged(f"{path}: {error}")
    code &= 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _full(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return OutboxFailed(f"{path}: another nadi-agent uses it", hint="stop that one first")
    return OutboxFailed(f"{path}: {error}", hint=CHECK_CARD)


def _full(path: Path) -> OutboxFull:
    return OutboxFull(f"{path}: the card is full", hint="free some space")


def row_id(epoch_id: int, n: int) -> int:
    """Where a batch lies in the one tree."""
    return epoch_id << EPOCH_SHIFT | n


def number_of(batch_row: int) -> int:
    """The batch number of a row id."""
    return batch_row & ((1 << EPOCH_SHIFT) - 1)


def span_of(epoch_id: int) -> tuple[int, int]:
    """The first and last row id an epoch can have."""
    return row_id(epoch_id, 0), row_id(epoch_id + 1, 0) - 1
