"""The city's store on PostgreSQL: one connection, every commit on the disk first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, Cursor

from broker_bridge.errors import StoreGone, StoreRefused
from broker_bridge.language import mark
from broker_bridge.standing import BridgeSign, Census, Standing
from broker_bridge.store import AssetName, Balance, Tally
from broker_bridge.stores import postgres_quarantine, postgres_registry, postgres_standing, tallies
from broker_bridge.stores import postgres_reads as reads
from broker_bridge.stores.aside import Aside, AsideMessage, AsideTally
from broker_bridge.stores.discarding import discard
from broker_bridge.stores.hours import Due, Going, Kept
from broker_bridge.stores.postgres_dating import gateways_without_date
from broker_bridge.stores.postgres_hours import APPLICATION, kept
from broker_bridge.stores.postgres_ingest import PostgresTransaction
from broker_bridge.stores.postgres_partitioning import Partitioning, check_partitioning
from broker_bridge.stores.postgres_retaining import PostgresRetentionStep, going
from broker_bridge.stores.postgres_rows import Month
from broker_bridge.stores.postgres_schema import ONE_AT_A_TIME, migrate, version_of
from broker_bridge.stores.registry import Line, NewRegistry
from broker_bridge.stores.rowids import RowIds
from broker_bridge.stores.statements import Answer
from contract.discarding import Discard
from contract.identity import GatewayId
from contract.messages import AssetState, Counts, GatewayState

# A bridge that freezes inside a transaction must not hold its gateways' rows for long.
_SESSION: Mapping[str, str] = {
    "application_name": APPLICATION,
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "15s",
    "lock_timeout": "10s",
    "statement_timeout": "120s",
    "tcp_user_timeout": "20s",
    "timezone": "UTC",
    "client_encoding": "UTF8",
}
_CONNECT_TIMEOUT_S = 10
# A receipt says "durable", so the server must be.
_DURABLE: Mapping[str, tuple[str, ...]] = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write", "local"),
}

_RENEW_GENERATION = "UPDATE generation SET id = replace(gen_random_uuid()::text, '-', '')"


class PostgresStore:
    """A store in the database that `conninfo` names; see `Store` for the contract.

    After the database was gone, the next use connects again.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        partitioning: Partitioning = "native",
        quarantine_bytes: int = 64 << 20,
        as_it_is: bool = False,
    ) -> None:
        """`as_it_is`: not migrated."""
        self._conninfo = conninfo
        self._partitioning = partitioning
        self._quarantine_bytes = quarantine_bytes
        self._as_it_is = as_it_is
        self._assets = RowIds[AssetName]()
        self._quantities = RowIds[str]()
        self._months = RowIds[Month]()
        self._connection: Connection[Any] | None = None
        with in_words():
            self._open()

    def close(self) -> None:
        """Disconnect; the next use connects again."""
        for names in (self._assets, self._quantities, self._months):
            names.clear()
        if self._connection:
            self._connection.close()
            self._connection = None

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        """See `Store.transaction`."""
        with self._writing() as cursor:
            yield PostgresTransaction(
                cursor,
                assets=self._assets,
                quantities=self._quantities,
                months=self._months,
                quarantine_bytes=self._quarantine_bytes,
            )

    def schema_version(self) -> int:
        """See `CityStore.schema_version`."""
        with self._reading() as cursor:
            return version_of(cursor)

    def prove_writable(self) -> None:
        """See `CityStore.prove_writable`."""
        with self._reading() as cursor:
            if _value(cursor, "SELECT pg_is_in_recovery()"):
                raise StoreGone(
                    mark("the database is a standby: it can only be read"),
                    hint=mark("name the primary in store.conninfo, or promote this one"),
                )
            if not _value(cursor, "SELECT has_table_privilege('batch', 'INSERT')"):
                raise StoreGone(
                    mark("this user may not write to the database"),
                    hint=mark("connect as the owner of its tables"),
                )

    def tell_bridge(self, sign: BridgeSign) -> None:
        """See `Store.tell_bridge`."""
        with self._writing() as cursor:
            postgres_standing.tell(cursor, sign)

    def standing(self) -> Standing:
        """See `CityStore.standing`."""
        with self._reading() as cursor:
            return postgres_standing.standing(cursor)

    def census(self) -> Census:
        """See `Store.census`."""
        with self._reading() as cursor:
            return postgres_standing.census(cursor)

    def gateways(self) -> Sequence[GatewayId]:
        """See `Store.gateways`."""
        with self._reading() as cursor:
            return reads.gateways(cursor)

    def gateways_without_date(self) -> Sequence[GatewayId]:
        """See `Store.gateways_without_date`."""
        with self._reading() as cursor:
            return gateways_without_date(cursor)

    def asset_names(self) -> Sequence[AssetName]:
        """See `Store.asset_names`."""
        with self._reading() as cursor:
            return reads.asset_names(cursor)

    def tallies(self, silent_after_s: int) -> Sequence[Tally]:
        """See `Store.tallies`."""
        with self._reading() as cursor:
            return tallies.tallies_of(cursor.execute(tallies.POSTGRESQL, (silent_after_s,)))

    def asset_states(self, assets: Iterable[AssetName]) -> Sequence[AssetState]:
        """See `Store.asset_states`."""
        with self._reading() as cursor:
            return reads.asset_states(cursor, list(assets))

    def gateway_states(self, gateways: Iterable[GatewayId]) -> Sequence[GatewayState]:
        """See `Store.gateway_states`."""
        with self._reading() as cursor:
            return reads.gateway_states(cursor, list(gateways))

    def balance(self) -> Sequence[Balance]:
        """Each gateway's balance, computed from one moment of the store; sorted."""
        with self._reading() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return reads.balance(cursor)

    def discard(self, asked: Discard) -> Counts:
        """Close as lost what the gateway still holds, if it is exactly so much."""
        with self.transaction() as transaction:
            return discard(transaction, asked)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> Answer:
        """The answer to one SELECT of a person, who casts to text what Python has no type for.

        It comes binary: instants and numbers as text take server and Python far longer.
        """
        with self._reading() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(sql.encode(), parameters or None, binary=True)
            columns = tuple(column.name for column in cursor.description or ())
            return Answer(columns=columns, rows=tuple(cursor.fetchall()))

    def load_registry(self, registry: NewRegistry) -> Sequence[Line] | None:
        """Make this the city's whole list; what is not on it stays, unlisted."""
        with self._writing() as cursor:
            cursor.execute(ONE_AT_A_TIME)
            return postgres_registry.load(cursor, registry)

    def registry_number(self) -> int:
        """See `Store.registry_number`."""
        with self._reading() as cursor:
            return postgres_registry.known(cursor).number

    def retired(self) -> Sequence[AssetName]:
        """See `Store.retired`."""
        with self._reading() as cursor:
            return postgres_registry.retired(cursor)

    def aside(self, *, gateway: str | None, at_most: int) -> Sequence[Aside]:
        """See `CityStore.aside`."""
        with self._reading() as cursor:
            return postgres_quarantine.newest(cursor, gateway, at_most)

    def aside_message(self, number: int) -> AsideMessage | None:
        """See `CityStore.aside_message`."""
        with self._reading() as cursor:
            return postgres_quarantine.one(cursor, number)

    def aside_tallies(self) -> Sequence[AsideTally]:
        """See `CityStore.aside_tallies`."""
        with self._reading() as cursor:
            return postgres_quarantine.tallies(cursor)

    def let_go(self, number: int, *, lost: bool) -> bool:
        """See `CityStore.let_go`."""
        with self._writing() as cursor:
            return postgres_quarantine.let_go(cursor, number, lost=lost)

    def kept(self) -> Kept:
        """See `CityStore.kept`."""
        with self._reading() as cursor:
            return kept(cursor)

    def going(self, raw_until_ms: int, hours_until_ms: int) -> Going:
        """See `CityStore.going`."""
        with self._reading() as cursor:
            return going(cursor, raw_until_ms, hours_until_ms)

    @contextmanager
    def retaining(self, due: Due) -> Iterator[PostgresRetentionStep]:
        """See `CityStore.retaining`."""
        with self._writing() as cursor:
            yield PostgresRetentionStep(cursor, due)

    def renew_generation(self) -> None:
        """See `CityStore.renew_generation`."""
        with self._writing() as cursor:
            cursor.execute(_RENEW_GENERATION)

    @contextmanager
    def _writing(self) -> Iterator[Cursor[Any]]:
        try:
            with self._reading() as cursor:
                yield cursor
        except BaseException:
            for names in (self._assets, self._quantities, self._months):
                names.roll_back()
            raise
        for names in (self._assets, self._quantities, self._months):
            names.commit()

    @contextmanager
    def _reading(self) -> Iterator[Cursor[Any]]:
        try:
            with in_words():
                connection = self._connection or self._open()
                with connection.transaction(), connection.cursor() as cursor:
                    yield cursor
        except StoreGone:
            self.close()
            raise

    def _open(self) -> Connection[Any]:
        connection = psycopg.connect(self._conninfo, autocommit=True, **_defaults(self._conninfo))
        try:
            _prepare(connection)
            if not self._as_it_is:
                migrate(connection)
            with connection.cursor() as cursor:
                check_partitioning(cursor, self._partitioning)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection


def _defaults(conninfo: str) -> dict[str, Any]:
    """What the settings do not say themselves."""
    said = psycopg.conninfo.conninfo_to_dict(conninfo)
    wanted = {"connect_timeout": _CONNECT_TIMEOUT_S}
    return {name: value for name, value in wanted.items() if name not in said}


def _prepare(connection: Connection[Any]) -> None:
    """Set what each connection needs."""
    with connection.cursor() as cursor:
        for name, value in _SESSION.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        _check_durable(cursor)


def _check_durable(cursor: Cursor[Any]) -> None:
    for name, good in _DURABLE.items():
        value = _value(cursor, "SELECT current_setting(%s)", (name,))
        if value not in good:
            raise StoreGone(
                mark(
                    "PostgreSQL runs with {name} = {value}: what it commits a power cut may take"
                    " back"
                ),
                hint=mark("set {name} = on in postgresql.conf and restart the server"),
                name=name,
                value=value,
            )


def _value(cursor: Cursor[Any], question: str, parameters: Sequence[object] = ()) -> Any:
    row = cursor.execute(question.encode(), parameters).fetchone()
    return row[0] if row else None


@contextmanager
def in_words() -> Iterator[None]:
    """PostgreSQL's errors as StoreRefused, if it is the data, or StoreGone."""
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError, OverflowError) as error:
        raise StoreRefused(
            mark("PostgreSQL refuses the data: {why}"),
            why=_first_line(error),
        ) from error
    except psycopg.Error as error:
        raise StoreGone(
            mark("PostgreSQL cannot be used: {why}"),
            hint=mark(
                "check that it runs, has room and may be written; the gateways keep everything"
            ),
            why=_first_line(error),
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
