"""A store of the first version, with its readings, is brought up to date while a bridge commits."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import psycopg

from benchmarks.city import OpenStore, open_store
from benchmarks.figure import Figure, Run, at_most, exactly, load
from broker_bridge.opening import opened_store
from broker_bridge.stores.postgres_batch_index import index_months
from broker_bridge.stores.schema import migrations_of

GATEWAYS, ASSETS_A_GATEWAY = 250, 40
QUANTITIES = ("voltage", "current", "active_power", "active_energy", "power_factor")
A_BATCH = 40  # readings: a round of ten seconds at 240 a minute
MONTHS = tuple(datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(13))
CALM_S = 3.0
PAUSE_S = 10.0

# What the first version's program made and wrote, in as few statements as hold the same rows.
VERSION_TABLE = "CREATE TABLE schema_version (version integer PRIMARY KEY, name text NOT NULL)"
VERSION = "INSERT INTO schema_version VALUES (%s, %s)"
NAMED = """
INSERT INTO gateway (name) SELECT 'bb-' || to_char(g, 'FM0000') FROM generate_series(1, %s) g;
INSERT INTO stream (gateway_id, epoch) SELECT id, '00000000000000e1' FROM gateway;
INSERT INTO boot (gateway_id, boot, origin_ms, uncertainty_ms, revision)
SELECT id, '00000000000000b1', 0, 20, 1 FROM gateway;
INSERT INTO asset (kind, name)
SELECT 'streetlight', 'PJU-' || to_char(a, 'FM00000') FROM generate_series(1, %s) a;
INSERT INTO quantity (name) SELECT unnest(%s::text[]);
"""
# Number i of a month: assets in turn, each read whole; a batch is of one gateway.
BATCHES = """
INSERT INTO batch (stream_id, n, sha256, readings, events, sealed_readings, sealed_events, boot_id,
    stored_at)
SELECT g, n, encode(sha256(int8send(g * 1000000000 + n)), 'hex'), %(size)s, 0, n * %(size)s, 0, g,
    %(month)s + i / %(gateways)s * interval '10 seconds'
FROM (SELECT i, i %% %(gateways)s + 1 AS g, %(before)s + i / %(gateways)s + 1 AS n
    FROM generate_series(0::bigint, %(batches)s - 1) i) one
"""
MONTH = "CREATE TABLE {name} (LIKE reading)"
READINGS = """
INSERT INTO {name} (observed_at, value, batch_id, asset_id, quantity_id, quality)
SELECT %(month)s + i / %(round)s * interval '10 seconds', 230 * random(),
    %(first)s + i / %(size)s,
    i / %(size)s %% %(gateways)s * %(assets)s + i %% %(assets)s + 1,
    i %% %(quantities)s + 1, 0
FROM generate_series(0::bigint, %(batches)s * %(size)s - 1) i
"""
ATTACH = "ALTER TABLE reading ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{next}')"
LEDGER = """
UPDATE stream s SET sealed = b.n, sealed_readings = b.n * %s,
    committed = int8multirange(int8range(1, b.n, '[]'))
FROM (SELECT stream_id, max(n) AS n FROM batch GROUP BY 1) b WHERE b.stream_id = s.id;
INSERT INTO asset_latest
SELECT a.id, q.id, %s, 230, 0, (a.id - 1) / %s + 1 FROM asset a, quantity q;
"""
LAST_OF = "SELECT coalesce(max(id), 0), coalesce(max(n), 0) FROM batch"

# What one of its commits locks and writes.
LOCK = "SELECT id FROM gateway WHERE id = 1 FOR NO KEY UPDATE"
COMMIT = """
WITH one AS (INSERT INTO batch (stream_id, n, sha256, readings, events, sealed_readings,
        sealed_events, boot_id)
    SELECT id, sealed + 1, encode(sha256(int8send(sealed)), 'hex'), %(size)s, 0,
        sealed_readings + %(size)s, 0, 1
    FROM stream WHERE id = 1 RETURNING id),
rows AS (INSERT INTO reading (observed_at, value, batch_id, asset_id, quantity_id, quality)
    SELECT %(at)s, 230, one.id, a, 1, 0 FROM one, generate_series(1, %(size)s) a),
latest AS (UPDATE asset_latest SET observed_at = %(at)s WHERE asset_id <= %(size)s
    AND quantity_id = 1)
UPDATE stream SET sealed = sealed + 1, sealed_readings = sealed_readings + %(size)s,
    committed = committed + int8multirange(int8range(sealed + 1, sealed + 2)) WHERE id = 1
"""

# A table that is rewritten, and an index that is made anew, lie in another file.
FILES = """
SELECT c.relname, c.relfilenode, pg_relation_size(c.oid) FROM pg_class c
WHERE c.oid IN (SELECT relid FROM pg_partition_tree('reading') WHERE isleaf
    UNION ALL SELECT relid FROM pg_partition_tree('reading_by_asset') WHERE isleaf)
    OR c.oid IN ('batch'::regclass, 'batch_pkey'::regclass)
"""
WAL = "SELECT pg_current_wal_lsn() - '0/0'"


@dataclass(slots=True)
class _Writer:
    """A bridge of before, that commits all the time; when each commit ended."""

    conninfo: str
    committed_s: list[float] = field(default_factory=list)
    failed: psycopg.Error | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._commit_until, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if self.failed:
            raise OSError(f"a bridge of before can no longer commit: {self.failed}")

    def _commit_until(self, over: threading.Event) -> None:
        values = {"at": MONTHS[11], "size": A_BATCH}
        try:
            with psycopg.connect(self.conninfo, autocommit=True) as connection:
                while not over.is_set():
                    with connection.transaction():
                        connection.execute(LOCK)
                        connection.execute(COMMIT, values)
                    self.committed_s.append(time.monotonic())
        except psycopg.Error as error:
            self.failed = error

    def longest_s(self, from_s: float, until_s: float) -> float:
        """The longest time without a commit that lies in these, in part at least."""
        pairs = pairwise(self.committed_s)
        return max((b - a for a, b in pairs if b >= from_s and a <= until_s), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One step of the upgrade, with a bridge beside it."""

    took_s: float
    pause_s: float
    calm_s: float
    commits: int
    wal_mib: float


def measure(run: Run) -> Iterator[Figure]:
    """The product's own migration, as its first start does it; then its index by batches."""
    with open_store("postgresql", run.folder) as place:
        readings = _fill(run, place)
        with psycopg.connect(place.settings.conninfo, autocommit=True) as asking:
            before = _files(asking)
            run.say(f"{readings:,} readings: brought up to date")
            step = _beside_a_bridge(place, lambda: _bring_up_to_date(place))
            changed = [
                name for name, file in _files(asking).items() if before.get(name, file) != file
            ]
            yield _paused("upgrade.pause", step, f"schema 1 to the newest, {readings:,} readings")
            yield Figure(
                name="upgrade.rewritten",
                value=len(changed),
                unit="files",
                target=exactly(0),
                detail=f"of {len(before)}: the readings' tables and indexes, and the batches',"
                f" by pg_class.relfilenode; {', '.join(changed) or 'none is another one'}",
            )
            run.say("the index by batches")
            step = _beside_a_bridge(place, lambda: index_months(place.settings.conninfo))
            yield _paused("upgrade.index_pause", step, "the months' index by batches")


def _paused(name: str, step: _Step, what: str) -> Figure:
    return Figure(
        name=name,
        value=step.pause_s,
        unit="s",
        target=at_most(PAUSE_S),
        detail=f"{what}: {step.took_s:.2f} s; the longest time without a commit of a bridge of"
        f" before, of {step.commits:,} commits; {step.calm_s:.2f} s without it;"
        f" {step.wal_mib:.1f} MiB of WAL with what the bridge wrote; {load()}",
    )


def _bring_up_to_date(place: OpenStore) -> None:
    with opened_store(place.settings):
        pass


def _beside_a_bridge(place: OpenStore, work: Callable[[], object]) -> _Step:
    writer = _Writer(place.settings.conninfo)
    with writer.at_work():
        time.sleep(CALM_S)
        before, began_s = place.ask(WAL), time.monotonic()
        work()
        ended_s, after = time.monotonic(), place.ask(WAL)
        time.sleep(CALM_S)
    return _Step(
        took_s=ended_s - began_s, pause_s=writer.longest_s(began_s, ended_s),
        calm_s=writer.longest_s(began_s - CALM_S, began_s - 0.5),
        commits=len(writer.committed_s), wal_mib=(after - before) / (1 << 20),
    )  # fmt: skip


def _files(asking: "psycopg.Connection[tuple[object, ...]]") -> dict[str, int]:
    return {str(name): int(str(file)) for name, file, _ in asking.execute(FILES)}


def _fill(run: Run, place: OpenStore) -> int:
    """Twelve months of the same size; how many readings."""
    rounds = max(1, -(-run.rows // (12 * GATEWAYS * A_BATCH)))
    with psycopg.connect(place.settings.conninfo, autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        first = migrations_of("postgresql")[0]
        cursor.execute(VERSION_TABLE)
        cursor.execute(first.sql.encode())
        cursor.execute(VERSION, (first.version, first.name))
        cursor.execute(NAMED, (GATEWAYS, GATEWAYS * ASSETS_A_GATEWAY, list(QUANTITIES)))
        for month, following in pairwise(MONTHS):
            run.say(f"readings of {month:%B %Y}")
            _fill_month(cursor, month, following, rounds)
        cursor.execute(LEDGER, (A_BATCH, MONTHS[12], ASSETS_A_GATEWAY))
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return 12 * rounds * GATEWAYS * A_BATCH


def _fill_month(
    cursor: "psycopg.ClientCursor[tuple[int, int]]",
    month: datetime,
    following: datetime,
    rounds: int,
) -> None:
    last = cursor.execute(LAST_OF).fetchone()
    assert last is not None
    name = f"reading_{month:%Y_%m}"
    values = {
        "month": month, "before": last[1], "first": last[0] + 1, "batches": rounds * GATEWAYS,
        "size": A_BATCH, "round": GATEWAYS * A_BATCH, "gateways": GATEWAYS,
        "assets": ASSETS_A_GATEWAY, "quantities": len(QUANTITIES),
    }  # fmt: skip
    cursor.execute(BATCHES, values)
    cursor.execute(MONTH.format(name=name).encode())
    cursor.execute(READINGS.format(name=name).encode(), values)
    cursor.execute(ATTACH.format(name=name, first=month, next=following).encode())
