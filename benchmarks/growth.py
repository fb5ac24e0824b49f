"""What a year of a city takes on PostgreSQL, raw and as hours, how it is read, and how it goes."""

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import psycopg

from benchmarks.city import open_store
from benchmarks.figure import Figure, Run, at_most, load, percentile
from broker_bridge.config import RetentionSettings, StoreSettings
from broker_bridge.opening import CityStore, opened_store
from broker_bridge.retention import Retained, Retention
from broker_bridge.store import NewBatch
from broker_bridge.stores.moments import ms_of
from contract.codec import Key
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.messages import BatchBody, Counts, Origin
from scripts.district.process import ProgramError

ASSETS_A_GATEWAY = 40
GATEWAYS = 250  # 10,000 assets, each with these once a minute
QUANTITIES = ("voltage", "current", "active_power", "active_energy", "power_factor")
A_BATCH = ASSETS_A_GATEWAY * len(QUANTITIES)
A_MINUTE = GATEWAYS * A_BATCH
MINUTE_MS, DAY_MINUTES, AN_HOUR = 60_000, 1_440, 60
FILLED_AT_ONCE = 10  # minutes a commit; hours are filled whole
GROUP = 50  # batches that a bridge commits at once while a month goes
COMMITS = 300  # of them without it
REPEATS = 100

MONTHS = 12  # each with its share of the readings, whole hours of its beginning
START = datetime(2026, 7, 1, tzinfo=UTC)  # of the newest of them
KEPT_DAYS = 365
OLD = datetime(2026, 9, 5, tzinfo=UTC)  # by then the oldest of them goes, and no other
BOOT, EPOCH = BootId("00000000000000b1"), Epoch("00000000000000e1")
# One more gateway, whose readings of a day and hours of a year are asked for.
WITH_A_PAST = GATEWAYS + 1
ASSET = f"PJU-{WITH_A_PAST}-07"

RAW = """
SELECT observed_at, quantity, value, unit, quality, time_quality FROM readings
WHERE asset = %s AND observed_at >= %s AND observed_at < %s ORDER BY observed_at
"""
HOURLY = """
SELECT hour, quantity, unit, count, min, mean, max FROM hourly_readings
WHERE asset = %s AND hour >= %s AND hour < %s ORDER BY hour
"""
A_MONTH = """
INSERT INTO hourly (hour, total, lowest, highest, asset_id, readings, suspect, estimated,
    quantity_id)
SELECT h, 13000 + random(), 210 + random(), 230 + random(), a.id, 60, 0, 0, q.id
FROM generate_series(%s, %s - interval '1 hour', interval '1 hour') h, asset a, quantity q
WHERE a.name LIKE %s AND q.name = ANY(%s) ORDER BY h, a.id, q.id
"""
# Of all partitions: with their indexes, and without.
SIZES = """
SELECT sum(pg_total_relation_size(inhrelid)), sum(pg_table_size(inhrelid)) FROM pg_inherits
WHERE inhparent = %s::regclass
"""

Watching = psycopg.Connection[tuple[Any, ...]]


class Fleet:
    """Every gateway's rounds, a batch a minute each, the minutes one after the other."""

    def __init__(self, gateways: Sequence[int]) -> None:
        self._bodies = {GatewayId(f"bb-{number:04}"): _body(number) for number in gateways}

    def commit(self, store: CityStore, start: datetime, minute: int, *, minutes: int = 1) -> float:
        """So many minutes from this one on; how long it took, in milliseconds."""
        began_s = time.perf_counter()
        first_ms = ms_of(start) + minute * MINUTE_MS
        with store.transaction() as transaction:
            transaction.lock(self._bodies)
            origin = Origin(boot=BOOT, origin_ms=0, uncertainty_ms=20, revision=1)
            transaction.date([(gateway, origin) for gateway in self._bodies])
            streams = transaction.streams([(gateway, EPOCH) for gateway in self._bodies])
            transaction.commit_batches(
                [
                    NewBatch(
                        stream=streams[gateway, EPOCH],
                        key=Key(gateway=gateway, epoch=EPOCH, n=base_ms // MINUTE_MS),
                        sha256=f"{base_ms:064x}",
                        body=body.model_copy(update={"base_ms": base_ms}),
                    )
                    for base_ms in range(first_ms, first_ms + minutes * MINUTE_MS, MINUTE_MS)
                    for gateway, body in self._bodies.items()
                ]
            )
        return (time.perf_counter() - began_s) * 1_000


def measure(run: Run) -> Iterator[Figure]:
    """Whole hours of ten thousand assets at five values a minute, at least `--rows` readings."""
    hours = -(-run.rows // (A_MINUTE * AN_HOUR))
    minutes = hours * AN_HOUR
    fleet = Fleet(range(1, GATEWAYS + 1))
    with open_store("postgresql", run.folder) as place, opened_store(place.settings) as store:
        assert place.postgres, "a private server"
        with psycopg.connect(place.postgres.conninfo(), autocommit=True) as watching:
            _fill(run, store, fleet, hours)
            yield _raw(watching, minutes * A_MINUTE)
            _give_a_past(run, store, watching)
            yield _made(run, store, minutes)
            yield _hourly(watching, minutes * A_MINUTE)
            watching.execute("VACUUM ANALYZE")
            yield _history(run, store, "raw_day", RAW, timedelta(days=-1), 50)
            yield _history(run, store, "hourly_year", HOURLY, timedelta(days=365), 200)
            yield from _while_a_month_goes(run, store, place.settings)


def _fill(run: Run, store: CityStore, fleet: Fleet, hours: int) -> None:
    """Rows lie as they do with a commit a minute; only what is newest is renewed more seldom."""
    for back in reversed(range(MONTHS)):
        month, share = _months_before(back), (hours + back) // MONTHS
        for minute in range(0, share * AN_HOUR, FILLED_AT_ONCE):
            run.say(f"readings of {month:%B %Y}: minute {minute:,} of {share * AN_HOUR:,}")
            fleet.commit(store, month, minute, minutes=FILLED_AT_ONCE)


def _body(gateway: int) -> BatchBody:
    """Each asset is read whole at one instant of the minute, as a meter is."""
    random = Random(gateway)
    at_ms = [random.randrange(MINUTE_MS) for _ in range(ASSETS_A_GATEWAY)]
    each = range(len(QUANTITIES))
    return BatchBody(
        boot=BOOT,
        base_ms=0,
        assets=[
            (AssetId(f"PJU-{gateway:03}-{at:02}"), Kind.STREETLIGHT)
            for at in range(ASSETS_A_GATEWAY)
        ],
        quantities=list(QUANTITIES),
        asset=[at for at in range(ASSETS_A_GATEWAY) for _ in each],
        quantity=[quantity for _ in range(ASSETS_A_GATEWAY) for quantity in each],
        offset_ms=[at for at in at_ms for _ in each],
        value=[random.uniform(0, 230) for _ in range(A_BATCH)],
        counts=Counts(readings=A_BATCH),
        sealed_before=Counts(),
    )


def _sizes(watching: Watching, table: str) -> tuple[int, int]:
    total, heap = watching.execute(SIZES, (table,)).fetchone() or (0, 0)
    return int(total), int(heap)


def _of_batches(watching: Watching, readings: int) -> float:
    (size,) = watching.execute("SELECT pg_total_relation_size('batch')").fetchone() or (0,)
    return float(size) / readings


def _raw(watching: Watching, readings: int) -> Figure:
    total, heap = _sizes(watching, "reading")
    batches = _of_batches(watching, readings)
    return Figure(
        name="growth.raw_bytes",
        value=total / readings + batches,
        unit="B/reading",
        target=at_most(90),
        detail=f"{readings:,} readings of {GATEWAYS * ASSETS_A_GATEWAY:,} assets: table"
        f" {heap / readings:.1f}, index {(total - heap) / readings:.1f}, the rows of their"
        f" batches of {A_BATCH} {batches:.1f}",
    )


def _give_a_past(run: Run, store: CityStore, watching: Watching) -> None:
    """A day's readings, as a backlog brings them; a year's hours, one after the other."""
    fleet = Fleet([WITH_A_PAST])
    for minute in range(0, DAY_MINUTES, FILLED_AT_ONCE):
        fleet.commit(store, START, minute, minutes=FILLED_AT_ONCE)
    for back in range(MONTHS, 0, -1):
        first, after = _months_before(back), _months_before(back - 1)
        watching.execute(
            f"CREATE TABLE IF NOT EXISTS hourly_{first:%Y_%m} PARTITION OF hourly"
            f" FOR VALUES FROM ('{first}') TO ('{after}')".encode()
        )
        run.say(f"hours of {first:%B %Y}")
        pattern = f"PJU-{WITH_A_PAST}-%"
        watching.execute(A_MONTH, (first, after, pattern, list(QUANTITIES)))


def _months_before(months: int) -> datetime:
    at = START.year * 12 + START.month - 1 - months
    return START.replace(year=at // 12, month=at % 12 + 1)


def _retain(run: Run, store: CityStore, now: datetime, *, raw_days: int) -> tuple[Retained, float]:
    began_s = time.perf_counter()
    retention = Retention(
        store,
        RetentionSettings(raw_days=raw_days),
        monotonic=time.monotonic,
        rest=time.sleep,
        progress=run.say,
    )
    retention.run(now_ms=ms_of(now), sure=True)
    return retention.done, time.perf_counter() - began_s


def _made(run: Run, store: CityStore, minutes: int) -> Figure:
    until = START + timedelta(days=1, hours=1)
    made, took_s = _retain(run, store, until, raw_days=KEPT_DAYS)
    readings = minutes * A_MINUTE + DAY_MINUTES * A_BATCH
    return Figure(
        name="growth.hours_made",
        value=took_s / (minutes / AN_HOUR),
        unit="s/hour",
        target=at_most(360),
        detail=f"{made.hours:,} hours made of {readings:,} readings in {took_s:.0f} s, as long"
        f" again as the work to leave room for others; a tenth of the hour is the most; {load()}",
    )


def _hourly(watching: Watching, readings: int) -> Figure:
    """Of the year and of what was made: both filled hour by hour."""
    total, heap = _sizes(watching, "hourly")
    (counted,) = watching.execute("SELECT sum(readings) FROM hourly").fetchone() or (0,)
    batches, of = _of_batches(watching, readings + DAY_MINUTES * A_BATCH), int(counted)
    return Figure(
        name="growth.hourly_bytes",
        value=total / of + batches,
        unit="B/reading",
        target=at_most(5),
        detail=f"hours of {of:,} readings, {AN_HOUR} each: table {heap / of:.2f}, index"
        f" {(total - heap) / of:.2f}; the rows of batches, which stay, {batches:.2f}",
    )


def _history(
    run: Run, store: CityStore, name: str, question: str, back: timedelta, limit_ms: float
) -> Figure:
    first, last = sorted((START, START - back))
    expected = abs(back) // (timedelta(hours=1) if back > timedelta(0) else timedelta(minutes=1))
    run.say(f"asking {REPEATS} times")
    took_ms = []
    for _ in range(REPEATS + 1):
        began_s = time.perf_counter()
        answer = store.query(question, (ASSET, first, last))
        took_ms.append((time.perf_counter() - began_s) * 1_000)
        assert len(answer.rows) == expected * len(QUANTITIES), f"{len(answer.rows)} rows"
    return Figure(
        name=f"growth.{name}",
        value=statistics.median(took_ms[1:]),
        unit="ms",
        target=at_most(limit_ms),
        detail=f"median of {REPEATS}, from {min(took_ms):.1f} to {max(took_ms[1:]):.1f};"
        f" {len(answer.rows):,} rows of all {len(QUANTITIES)} quantities of one asset, into"
        f" Python; {load()}",
    )


def _while_a_month_goes(run: Run, store: CityStore, settings: StoreSettings) -> Iterator[Figure]:
    fleet = Fleet(range(1, GROUP + 1))
    _retain(run, store, OLD, raw_days=KEPT_DAYS + 31)  # makes what hours there are; none goes
    alone_ms = [fleet.commit(store, OLD, minute) for minute in range(COMMITS)]
    took: list[tuple[Retained, float]] = []

    def retain() -> None:
        with opened_store(settings) as other:
            took.append(_retain(run, other, OLD, raw_days=KEPT_DAYS))

    retaining, beside_ms = threading.Thread(target=retain), list[float]()
    retaining.start()
    for minute in count(COMMITS):  # until it ends, even if that was with an error
        beside_ms.append(fleet.commit(store, OLD, minute))
        if not retaining.is_alive():
            break
    if not took:
        raise ProgramError("the retention beside the ingest was refused; its error is above")
    (done, took_s), alone, beside = took[0], percentile(alone_ms, 99), percentile(beside_ms, 99)
    yield Figure(
        name="growth.month_gone",
        value=took_s,
        unit="s",
        target=at_most(5),
        detail=f"one month among {MONTHS}, {done.readings_gone:,} readings in"
        f" {done.bytes_gone >> 20:,} MiB, others committing; {load()}",
    )
    yield Figure(
        name="growth.ingest_beside_it",
        value=beside / alone,
        unit="x",
        target=at_most(2),
        detail=f"p99 of the {len(beside_ms)} commits of {GROUP * A_BATCH:,} readings beside it"
        f" {beside:.0f} ms, of {COMMITS} alone {alone:.0f} ms; medians"
        f" {statistics.median(beside_ms):.0f} and {statistics.median(alone_ms):.0f} ms; {load()}",
    )
