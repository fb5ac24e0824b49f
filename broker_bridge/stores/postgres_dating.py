"""Boots get their origin in PostgreSQL, and what waited for it in `undated` moves once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from psycopg import Cursor

from broker_bridge.stores.dated import BootRow, known_stream
from broker_bridge.stores.estimating import KnownBoot, KnownStream, Placement, placements
from broker_bridge.stores.moments import EARLIEST_MS, LATEST_MS, moment_of
from broker_bridge.stores.multiranges import from_multirange
from broker_bridge.stores.postgres_rows import Month
from broker_bridge.stores.postgres_sql import INSTANT, arrays
from broker_bridge.stores.quality import ESTIMATED, REPAIRED
from contract.identity import GatewayId
from contract.messages import DRIFT_PPM, SLEW_MS, Origin
from contract.ranges import RangeSet

BootName = tuple[int, str]  # with the id of its gateway

_BOOTS = """
SELECT b.gateway_id, b.boot, b.id, b.origin_ms, b.revision, b.uncertainty_ms, b.seen_ms, b.floor_ms
FROM unnest(%s::bigint[], %s::text[]) w (gateway_id, boot)
JOIN boot b ON b.gateway_id = w.gateway_id AND b.boot = w.boot
"""
_ADD_BOOTS = """
INSERT INTO boot (gateway_id, boot)
SELECT w.gateway_id, w.boot FROM unnest(%s::bigint[], %s::text[]) w (gateway_id, boot)
RETURNING gateway_id, boot, id, origin_ms, revision, uncertainty_ms, seen_ms, floor_ms
"""
_DATE_BOOT = """
UPDATE boot SET origin_ms = %s, uncertainty_ms = %s, revision = %s, seen_ms = %s,
    floor_ms = CASE WHEN revision > 0 THEN floor_ms END
WHERE id = %s
"""
_PLACE_BOOT = "UPDATE boot SET origin_ms = %s, uncertainty_ms = %s, floor_ms = %s WHERE id = %s"
_RAISE_FLOOR = "UPDATE boot SET floor_ms = greatest(floor_ms, %s) WHERE id = %s"
_MOVED_BOOT = """
UPDATE boot SET first_observed_ms = origin_ms + first_ms,
    last_observed_ms = greatest(origin_ms + last_ms, floor_ms)
WHERE id = %s
"""
_MS = f"least(greatest(b.origin_ms + u.at_ms, coalesce(b.floor_ms, {EARLIEST_MS})), {LATEST_MS})"
_OBSERVED = INSTANT.format(ms=_MS)
_MONTHS_TO_MOVE = f"""
SELECT DISTINCT extract(year FROM o.at)::int, extract(month FROM o.at)::int
FROM (SELECT {_OBSERVED} AT TIME ZONE 'UTC' AS at
    FROM undated u JOIN boot b ON b.id = u.boot_id WHERE u.boot_id = %s) o
WHERE extract(year FROM o.at) BETWEEN 2000 AND 2199
"""  # noqa: S608 - made of constants
_MOVED_READINGS = f"""
INSERT INTO reading (observed_at, value, batch_id, asset_id, quantity_id, quality)
SELECT {_OBSERVED}, u.value, u.batch_id, u.asset_id, u.quantity_id,
    u.quality | %(quality)s::smallint
FROM undated u JOIN boot b ON b.id = u.boot_id
WHERE u.boot_id = %(boot)s
"""  # noqa: S608 - made of constants
_MOVED_HOURS = f"""
INSERT INTO late_hour (asset_id, hour)
SELECT DISTINCT o.asset_id, date_trunc('hour', o.observed_at)
FROM (SELECT u.asset_id, {_OBSERVED} AS observed_at
    FROM undated u JOIN boot b ON b.id = u.boot_id WHERE u.boot_id = %(boot)s) o
WHERE o.observed_at < %(announced)s
"""  # noqa: S608 - made of constants
_MOVED_LATEST = f"""
INSERT INTO asset_latest (asset_id, quantity_id, observed_at, value, quality, gateway_id)
SELECT DISTINCT ON (u.asset_id, u.quantity_id) u.asset_id, u.quantity_id, {_OBSERVED}, u.value,
    u.quality | %(quality)s::smallint, b.gateway_id
FROM undated u JOIN boot b ON b.id = u.boot_id
WHERE u.boot_id = %(boot)s ORDER BY u.asset_id, u.quantity_id, u.at_ms DESC
ON CONFLICT (asset_id, quantity_id) DO UPDATE SET observed_at = excluded.observed_at,
    value = excluded.value, quality = excluded.quality, gateway_id = excluded.gateway_id
WHERE excluded.observed_at > asset_latest.observed_at
RETURNING asset_id
"""  # noqa: S608 - made of constants
_MOVED_BATCHES = f"""
UPDATE batch SET uncertainty_ms = w.uncertainty_ms
FROM (SELECT u.batch_id, b.uncertainty_ms + CASE WHEN b.revision > 0
        THEN max((abs(u.at_ms - coalesce(b.seen_ms, 0)) * {DRIFT_PPM} + 999999) / 1000000
            + CASE WHEN u.at_ms < b.seen_ms THEN {SLEW_MS} ELSE 0 END)
        ELSE 0 END AS uncertainty_ms
    FROM (SELECT batch_id, boot_id, at_ms FROM undated WHERE boot_id = %(boot)s
        UNION ALL SELECT batch_id, boot_id, at_ms FROM event
        WHERE boot_id = %(boot)s AND observed_at IS NULL) u
    JOIN boot b ON b.id = u.boot_id GROUP BY u.batch_id, b.id) w
WHERE batch.id = w.batch_id
"""  # noqa: S608 - made of constants
_MOVED_EVENTS = f"""
UPDATE event u SET observed_at = {_OBSERVED}, time_quality = %(time_quality)s
FROM boot b WHERE b.id = u.boot_id AND u.boot_id = %(boot)s AND u.observed_at IS NULL
RETURNING u.asset_id
"""  # noqa: S608 - made of constants
_FORGET_UNDATED = "DELETE FROM undated WHERE boot_id = %s"
# Last, when `batch` is locked: who holds off all commits sees every number up to the highest.
_NUMBER_DATED = "UPDATE boot SET dated = nextval('boot_dated') WHERE id = %s"
_WIDEN = """
UPDATE boot o SET first_ms = least(o.first_ms, w.first_ms),
    last_ms = greatest(o.last_ms, w.last_ms),
    latest_origin_ms = least(o.latest_origin_ms,
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint - w.last_ms),
    first_observed_ms = least(o.first_observed_ms,
        o.origin_ms + greatest(w.first_ms, o.floor_ms - o.origin_ms)),
    last_observed_ms = greatest(o.last_observed_ms,
        o.origin_ms + greatest(w.last_ms, o.floor_ms - o.origin_ms))
FROM (SELECT boot_id, min(first_ms) AS first_ms, max(last_ms) AS last_ms
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) n (boot_id, first_ms, last_ms)
    GROUP BY boot_id) w
WHERE o.id = w.boot_id
"""
_KNOWN_BOOTS = """
SELECT id, boot, origin_ms, coalesce(uncertainty_ms, 0), coalesce(seen_ms, 0),
    coalesce(first_ms, seen_ms, 0), coalesce(last_ms, seen_ms, 0), coalesce(latest_origin_ms, 0),
    first_observed_ms, last_observed_ms
FROM boot WHERE gateway_id = %s AND (first_ms IS NOT NULL OR origin_ms IS NOT NULL)
"""
_KNOWN_STREAMS = """
SELECT id, committed, epoch, boot, parent_epoch, statement, held FROM stream
WHERE gateway_id = %s ORDER BY id
"""
_REJECTED = "SELECT n FROM rejection WHERE stream_id = %s"
_WITHOUT_DATE = """
SELECT name FROM gateway g WHERE EXISTS
    (SELECT 1 FROM boot b WHERE b.gateway_id = g.id AND b.origin_ms IS NULL
        AND EXISTS (SELECT 1 FROM boot o WHERE o.gateway_id = g.id AND o.id <> b.id))
ORDER BY name COLLATE "C"
"""


def boots_of(database: Cursor[Any], names: Iterable[BootName]) -> dict[BootName, BootRow]:
    """Their rows, made where there are none; the gateway's row lock keeps others from adding."""
    known = _boots(database, _BOOTS, set(names))
    return known | _boots(database, _ADD_BOOTS, set(names) - set(known))


def _boots(database: Cursor[Any], sql: str, names: set[BootName]) -> dict[BootName, BootRow]:
    if not names:
        return {}
    return {
        (gateway_id, boot): BootRow(
            id=id_, origin_ms=origin_ms, revision=revision, uncertainty_ms=uncertainty_ms,
            seen_ms=seen_ms, floor_ms=floor_ms,
        )
        for gateway_id, boot, id_, origin_ms, revision, uncertainty_ms, seen_ms, floor_ms
        in database.execute(sql, arrays(sorted(names))).fetchall()
    }  # fmt: skip


def believe(database: Cursor[Any], origins: Sequence[tuple[int, Origin]]) -> list[int]:
    """Keep the highest revision; returns the boots of which what is undated can move now."""
    boots = boots_of(database, {(gateway_id, origin.boot) for gateway_id, origin in origins})
    news = [
        (known, origin)
        for gateway_id, origin in origins
        if (known := boots[gateway_id, origin.boot]).revision < origin.revision
    ]
    if news:
        database.executemany(_DATE_BOOT, [
            (origin.origin_ms, origin.uncertainty_ms, origin.revision, origin.seen_ms, known.id)
            for known, origin in news
        ])  # fmt: skip
    return [known.id for known, _ in news if known.origin_ms is None]


def place_boots(database: Cursor[Any], gateway_id: int) -> list[Placement]:
    """Estimate what will never learn its origin; what is undated of these can move now."""
    rows = database.execute(_KNOWN_BOOTS, (gateway_id,)).fetchall()
    placed = placements(list(_known_streams(database, gateway_id)), map(_known_boot, rows))
    for place in placed:
        row = (place.origin_ms, place.uncertainty_ms, place.floor_ms, place.id)
        database.execute(_PLACE_BOOT, row)
        database.execute(_RAISE_FLOOR, (place.last_ms, place.next_id))
    return placed


def months_to_move(database: Cursor[Any], boot_id: int) -> set[Month]:
    """The partitions that `move` needs."""
    rows = database.execute(_MONTHS_TO_MOVE, (boot_id,)).fetchall()
    return {(int(year), int(month)) for year, month in rows}


def move(database: Cursor[Any], boot_id: int, *, announced_ms: int, estimated: bool) -> set[int]:
    """What the boot's origin dates leaves `undated`; returns the assets that changes."""
    quality = ESTIMATED if estimated else REPAIRED
    named = {"boot": boot_id, "quality": quality << 1, "time_quality": quality}
    database.execute(_MOVED_BOOT, (boot_id,))
    database.execute(_MOVED_BATCHES, named)
    database.execute(_MOVED_HOURS, {**named, "announced": moment_of(announced_ms)})
    database.execute(_MOVED_READINGS, named)
    changed = database.execute(_MOVED_LATEST, named).fetchall()
    changed += database.execute(_MOVED_EVENTS, named).fetchall()
    database.execute(_FORGET_UNDATED, (boot_id,))
    database.execute(_NUMBER_DATED, (boot_id,))
    return {asset_id for (asset_id,) in changed}


def widen_boots(database: Cursor[Any], spans: Iterable[tuple[int, tuple[int, int]]]) -> None:
    """The boots' clocks have shown these times, and the city has them now."""
    rows = [(boot_id, *span) for boot_id, span in spans]
    if rows:
        database.execute(_WIDEN, arrays(rows))


def gateways_without_date(database: Cursor[Any]) -> list[GatewayId]:
    """Those with a boot that has no origin, and another one."""
    return [GatewayId(name) for (name,) in database.execute(_WITHOUT_DATE)]


def _known_boot(row: tuple[Any, ...]) -> KnownBoot:
    id_, boot, origin_ms, uncertainty_ms, seen_ms, first_ms, last_ms, latest_ms, *observed = row
    first_observed_ms, last_observed_ms = observed
    return KnownBoot(
        id=id_, boot=boot, origin_ms=origin_ms, uncertainty_ms=uncertainty_ms, seen_ms=seen_ms,
        first_ms=first_ms, last_ms=last_ms, latest_origin_ms=latest_ms,
        first_observed_ms=first_observed_ms, last_observed_ms=last_observed_ms,
    )  # fmt: skip


def _known_streams(database: Cursor[Any], gateway_id: int) -> Iterator[KnownStream]:
    for stream_id, committed, *row in database.execute(_KNOWN_STREAMS, (gateway_id,)).fetchall():
        closed = from_multirange(committed)
        if row[-1]:
            rejected = database.execute(_REJECTED, (stream_id,)).fetchall()
            closed |= RangeSet.of(n for (n,) in rejected)
        yield known_stream((row[0], row[1], row[2], row[3], row[4]), closed)
