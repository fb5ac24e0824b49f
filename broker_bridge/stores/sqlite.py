"""The embedded city store: one SQLite file, one connection, every commit on the disk first."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from broker_bridge.errors import StoreGone, StoreRefused
from broker_bridge.language import mark
from broker_bridge.standing import BridgeSign, Census, Standing
from broker_bridge.store import AssetName, Balance, Tally
from broker_bridge.stores import sqlite_quarantine, sqlite_registry, sqlite_standing, tallies
from broker_bridge.stores import sqlite_reads as reads
from broker_bridge.stores.aside import Aside, AsideMessage, AsideTally
from broker_bridge.stores.discarding import discard
from broker_bridge.stores.hours import Due, Going, Kept
from broker_bridge.stores.registry import Line, NewRegistry
from broker_bridge.stores.rowids import RowIds
from broker_bridge.stores.schema import Migration, foreign, migrations_of, pending
from broker_bridge.stores.sqlite_dating import gateways_without_date
from broker_bridge.stores.sqlite_hours import SqliteRetentionStep, going, kept
from broker_bridge.stores.sqlite_ingest import SqliteTransaction
from broker_bridge.stores.statements import Answer
from contract.discarding import Discard
from contract.identity import GatewayId
from contract.messages import AssetState, Counts, GatewayState
from contract.quantities import QUANTITIES

IN_MEMORY = ":memory:"
APPLICATION_ID = 0x4E_41_44_49  # "NADI", in the file's header

_PAGE_BYTES = 8_192
_CACHE_KIB = 128 * 1024
_MAP_BYTES = 8 << 30
_CHECKPOINT_PAGES = 8_192
_WAL_LIMIT_BYTES = 128 << 20

_VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT
"""
_HAS_VERSION = "SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'"
_KNOWN_VERSION = "SELECT coalesce(max(version), 0) FROM schema_version"
_RENEW_GENERATION = "UPDATE generation SET id = lower(hex(randomblob(16)))"
_KNOWN_UNITS = "SELECT name, unit FROM quantity"
_SEED_QUANTITY = """
INSERT INTO quantity (name, unit) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET unit = excluded.unit WHERE unit <> excluded.unit
"""


class SqliteStore:
    """A store in the file `path`, made if there is none; see `Store` for the contract.

    After the file could not be used, the next transaction opens it again, but makes no new one.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        now_ms: Callable[[], int],
        quarantine_bytes: int = 64 << 20,
        busy_timeout_s: float = 5.0,
        as_it_is: bool = False,
    ) -> None:
        """`as_it_is`: neither made nor migrated."""
        self._path = str(path)
        self._busy_timeout_s = busy_timeout_s
        self._now_ms = now_ms
        self._quarantine_bytes = quarantine_bytes
        self._assets = RowIds[AssetName]()
        self._quantities = RowIds[str]()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._as_it_is = as_it_is
        with _in_words(self._path):
            self._open(create=not as_it_is)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._assets.clear()
        self._quantities.clear()
        if self._connection:
            self._connection.close()
            self._connection = None

    @contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """See `Store.transaction`."""
        with self._writing() as connection:
            yield SqliteTransaction(
                connection,
                assets=self._assets,
                quantities=self._quantities,
                now_ms=self._now_ms(),
                quarantine_bytes=self._quarantine_bytes,
            )

    def schema_version(self) -> int:
        """See `CityStore.schema_version`."""
        with self._reading() as connection:
            if not connection.execute(_HAS_VERSION).fetchone():
                return 0
            return int(connection.execute(_KNOWN_VERSION).fetchone()[0])

    def prove_writable(self) -> None:
        """See `CityStore.prove_writable`."""
        with self._writing():
            pass

    def tell_bridge(self, sign: BridgeSign) -> None:
        """See `Store.tell_bridge`."""
        with self._writing() as connection:
            sqlite_standing.tell(connection, sign, now_ms=self._now_ms())

    def standing(self) -> Standing:
        """See `CityStore.standing`."""
        with self._reading() as connection:
            return sqlite_standing.standing(connection, now_ms=self._now_ms())

    def census(self) -> Census:
        """See `Store.census`."""
        with self._reading() as connection:
            return sqlite_standing.census(connection, now_ms=self._now_ms())

    def gateways(self) -> Sequence[GatewayId]:
        """See `Store.gateways`."""
        with self._reading() as connection:
            return reads.gateways(connection)

    def gateways_without_date(self) -> Sequence[GatewayId]:
        """See `Store.gateways_without_date`."""
        with self._reading() as connection:
            return gateways_without_date(connection)

    def asset_names(self) -> Sequence[AssetName]:
        """See `Store.asset_names`."""
        with self._reading() as connection:
            return reads.asset_names(connection)

    def tallies(self, silent_after_s: int) -> Sequence[Tally]:
        """See `Store.tallies`."""
        with self._reading() as connection:
            since_ms = self._now_ms() - silent_after_s * 1_000
            return tallies.tallies_of(connection.execute(tallies.SQLITE, (since_ms,)))

    def asset_states(self, assets: Iterable[AssetName]) -> Sequence[AssetState]:
        """See `Store.asset_states`."""
        with self._reading() as connection:
            return reads.asset_states(connection, list(assets))

    def gateway_states(self, gateways: Iterable[GatewayId]) -> Sequence[GatewayState]:
        """See `Store.gateway_states`."""
        with self._reading() as connection:
            return reads.gateway_states(connection, list(gateways))

    def balance(self) -> Sequence[Balance]:
        """Each gateway's balance, computed from what is stored; sorted."""
        with self._reading() as connection:
            return reads.balance(connection)

    def discard(self, asked: Discard) -> Counts:
        """Close as lost what the gateway still holds, if it is exactly so much."""
        with self.transaction() as transaction:
            return discard(transaction, asked)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> Answer:
        """The answer to one SELECT of a person."""
        with self._reading() as connection:
            return reads.query(connection, sql, parameters)

    def load_registry(self, registry: NewRegistry) -> Sequence[Line] | None:
        """Make this the city's whole list; what is not on it stays, unlisted."""
        with self._writing() as connection:
            return sqlite_registry.load(connection, registry, now_ms=self._now_ms())

    def registry_number(self) -> int:
        """See `Store.registry_number`."""
        with self._reading() as connection:
            return sqlite_registry.known(connection).number

    def retired(self) -> Sequence[AssetName]:
        """See `Store.retired`."""
        with self._reading() as connection:
            return sqlite_registry.retired(connection)

    def aside(self, *, gateway: str | None, at_most: int) -> Sequence[Aside]:
        """See `CityStore.aside`."""
        with self._reading() as connection:
            return sqlite_quarantine.newest(connection, gateway, at_most)

    def aside_message(self, number: int) -> AsideMessage | None:
        """See `CityStore.aside_message`."""
        with self._reading() as connection:
            return sqlite_quarantine.one(connection, number)

    def aside_tallies(self) -> Sequence[AsideTally]:
        """See `CityStore.aside_tallies`."""
        with self._reading() as connection:
            return sqlite_quarantine.tallies(connection)

    def let_go(self, number: int, *, lost: bool) -> bool:
        """See `CityStore.let_go`."""
        with self._writing() as connection:
            return sqlite_quarantine.let_go(connection, number, lost=lost)

    def kept(self) -> Kept:
        """See `CityStore.kept`."""
        with self._reading() as connection:
            return kept(connection)

    def going(self, raw_until_ms: int, hours_until_ms: int) -> Going:
        """See `CityStore.going`."""
        with self._reading() as connection:
            return going(connection, raw_until_ms, hours_until_ms)

    @contextmanager
    def retaining(self, due: Due) -> Iterator[SqliteRetentionStep]:
        """See `CityStore.retaining`."""
        with self._writing() as connection:
            yield SqliteRetentionStep(connection, due)

    def renew_generation(self) -> None:
        """See `CityStore.renew_generation`."""
        with self._writing() as connection:
            connection.execute(_RENEW_GENERATION)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise
            self._assets.commit()
            self._quantities.commit()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with _in_words(self._path):
                yield self._usable()
        except StoreGone:
            self.close()
            raise

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        self._assets.roll_back()
        self._quantities.roll_back()
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def _usable(self) -> sqlite3.Connection:
        """The open connection; raises StoreGone if its file is no longer the one in the folder."""
        if self._connection is None:
            return self._open(create=False)
        # SQLite would go on writing into a deleted file, and every receipt would be a lie.
        if self._path != IN_MEMORY and _inode(self._path) != self._inode:
            raise StoreGone(
                mark("{path} was deleted or replaced while it was open"),
                hint=mark("put the database file back, or start the bridge again with a new one"),
                path=self._path,
            )
        return self._connection

    def _open(self, *, create: bool) -> sqlite3.Connection:
        connection = _connect(self._path, create=create, busy_timeout_s=self._busy_timeout_s)
        try:
            _prepare(connection, self._path)
            if not self._as_it_is:
                _migrate(connection, self._path)
        except BaseException:
            connection.close()
            raise
        self._inode = _inode(self._path)
        self._connection = connection
        return connection


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino if path != IN_MEMORY else 0  # noqa: PTH116 - for each use
    except OSError:
        return 0


def _connect(path: str, *, create: bool, busy_timeout_s: float) -> sqlite3.Connection:
    if path == IN_MEMORY:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    mode = "rwc" if create else "rw"
    return sqlite3.connect(
        f"{Path(path).absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,
    )


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    """Set what each connection needs."""
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    _refuse_foreign(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA mmap_size = {_MAP_BYTES}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
    connection.execute("PRAGMA foreign_keys = ON")


def _refuse_foreign(connection: sqlite3.Connection, path: str) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        from sqlite_utils import Database  # noqa: PLC0415 a fifth of a bridge's start

        if Database(connection).table_names():
            raise foreign(path)


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("BEGIN IMMEDIATE")  # also proves that the file can be written
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(_VERSION_TABLE)
        known = connection.execute(_KNOWN_VERSION)
        steps = pending(migrations_of("sqlite"), known.fetchone()[0], where=path)
        connection.execute("COMMIT")
        for migration in steps:
            _apply(connection, migration)
        connection.execute("BEGIN IMMEDIATE")
        known_units = set(connection.execute(_KNOWN_UNITS))
        units = ((quantity.name, quantity.unit) for quantity in QUANTITIES.values())
        connection.executemany(_SEED_QUANTITY, (unit for unit in units if unit not in known_units))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    taken = "SELECT 1 FROM schema_version WHERE version = ?"
    if not connection.execute(taken, (migration.version,)).fetchone():
        for statement in _statements(migration.sql):
            connection.execute(statement)
        row = (migration.version, migration.name)
        connection.execute("INSERT INTO schema_version (version, name) VALUES (?, ?)", row)
    connection.execute("COMMIT")


def _statements(sql: str) -> Iterator[str]:
    """One by one: `executescript` would commit before it begins."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _in_words(path: str) -> Iterator[None]:
    """SQLite's errors as StoreRefused, if it is the data, or StoreGone."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
        raise StoreRefused(
            mark("{path} refuses the data: {why}"),
            path=path,
            why=error,
        ) from error
    except sqlite3.Error as error:
        raise StoreGone(
            mark("{path} cannot be used: {why}"),
            hint=mark(
                "check that its folder exists and has room, and that the file can be written"
            ),
            path=path,
            why=error,
        ) from error
