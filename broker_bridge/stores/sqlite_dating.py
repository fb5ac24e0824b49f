"""Boots get their origin in SQLite, and what waited for it in `undated` moves once."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from broker_bridge.stores.dated import BootRow, known_stream
from broker_bridge.stores.estimating import KnownBoot, KnownStream, placements
from broker_bridge.stores.hours import HOUR_MS
from broker_bridge.stores.moments import EARLIEST_MS, LATEST_MS
from broker_bridge.stores.quality import ESTIMATED, REPAIRED
from contract.identity import GatewayId
from contract.messages import DRIFT_PPM, SLEW_MS, Origin
from contract.ranges import RangeSet

_ADD_BOOT = """
INSERT INTO boot (gateway_id, boot) VALUES (?, ?)
RETURNING id, origin_ms, revision, uncertainty_ms, seen_ms, floor_ms
"""
_BOOT = """
SELECT id, origin_ms, revision, uncertainty_ms, seen_ms, floor_ms FROM boot
WHERE gateway_id = ? AND boot = ?
"""
_DATE_BOOT = """
UPDATE boot SET origin_ms = ?, uncertainty_ms = ?, revision = ?, seen_ms = ?,
    floor_ms = iif(revision, floor_ms, NULL)
WHERE id = ?
"""
_PLACE_BOOT = "UPDATE boot SET origin_ms = ?, uncertainty_ms = ?, floor_ms = ? WHERE id = ?"
_RAISE_FLOOR = "UPDATE boot SET floor_ms = max(coalesce(floor_ms, ?1), ?1) WHERE id = ?2"
_MOVED_BOOT = """
UPDATE boot SET first_observed_ms = origin_ms + first_ms,
    last_observed_ms = max(origin_ms + last_ms, coalesce(floor_ms, origin_ms + last_ms))
WHERE id = ?
"""
_OBSERVED = f"""
min(max(b.origin_ms + u.at_ms, coalesce(b.floor_ms, {EARLIEST_MS})), {LATEST_MS})
"""
_MOVED_READINGS = f"""
INSERT INTO reading (observed_ms, value, batch_id, asset_id, quantity_id, quality)
SELECT {_OBSERVED}, u.value, u.batch_id, u.asset_id, u.quantity_id, u.quality | ?2
FROM undated u JOIN boot b ON b.id = u.boot_id
WHERE u.boot_id = ?1 ORDER BY u.rowid
"""  # noqa: S608 - made of constants
_MOVED_HOURS = f"""
INSERT INTO late_hour (asset_id, hour_ms)
SELECT DISTINCT asset_id, observed_ms - (observed_ms % {HOUR_MS} + {HOUR_MS}) % {HOUR_MS}
FROM (SELECT u.asset_id, {_OBSERVED} AS observed_ms
    FROM undated u JOIN boot b ON b.id = u.boot_id WHERE u.boot_id = ?1)
WHERE observed_ms < (SELECT announced_ms FROM retention)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of constants
_MOVED_LATEST = f"""
INSERT INTO asset_latest (asset_id, quantity_id, observed_ms, value, quality, gateway_id)
SELECT u.asset_id, u.quantity_id, max({_OBSERVED}), u.value, u.quality | ?2, b.gateway_id
FROM undated u JOIN boot b ON b.id = u.boot_id
WHERE u.boot_id = ?1 GROUP BY u.asset_id, u.quantity_id
ON CONFLICT (asset_id, quantity_id) DO UPDATE SET observed_ms = excluded.observed_ms,
    value = excluded.value, quality = excluded.quality, gateway_id = excluded.gateway_id
WHERE excluded.observed_ms > asset_latest.observed_ms
RETURNING asset_id
"""  # noqa: S608 - made of constants
_MOVED_BATCHES = f"""
UPDATE batch SET uncertainty_ms = w.uncertainty_ms
FROM (SELECT u.batch_id, b.uncertainty_ms + iif(b.revision,
        max((abs(u.at_ms - coalesce(b.seen_ms, 0)) * {DRIFT_PPM} + 999999) / 1000000
            + iif(u.at_ms < b.seen_ms, {SLEW_MS}, 0)), 0)
        AS uncertainty_ms
    FROM (SELECT batch_id, boot_id, at_ms FROM undated WHERE boot_id = ?1
        UNION ALL SELECT batch_id, boot_id, at_ms FROM event
        WHERE boot_id = ?1 AND observed_ms IS NULL) u
    JOIN boot b ON b.id = u.boot_id GROUP BY u.batch_id) w
WHERE batch.id = w.batch_id
"""  # noqa: S608 - made of constants
_MOVED_EVENTS = f"""
UPDATE event AS u SET observed_ms = {_OBSERVED}, time_quality = ?2
FROM boot b WHERE b.id = u.boot_id AND u.boot_id = ?1 AND u.observed_ms IS NULL
RETURNING asset_id
"""  # noqa: S608 - made of constants
_FORGET_UNDATED = "DELETE FROM undated WHERE boot_id = ?"
_NUMBER_DATED = """
UPDATE boot SET dated = (SELECT coalesce(max(dated), 0) + 1 FROM boot) WHERE id = ?
"""
_FIRST = "origin_ms + max(?1, coalesce(floor_ms - origin_ms, ?1))"
_LAST = "origin_ms + max(?2, coalesce(floor_ms - origin_ms, ?2))"
_WIDEN = f"""
UPDATE boot SET first_ms = min(coalesce(first_ms, ?1), ?1),
    last_ms = max(coalesce(last_ms, ?2), ?2),
    latest_origin_ms = min(coalesce(latest_origin_ms, ?3), ?3),
    first_observed_ms = min(coalesce(first_observed_ms, {_FIRST}), {_FIRST}),
    last_observed_ms = max(coalesce(last_observed_ms, {_LAST}), {_LAST})
WHERE id = ?4
"""  # noqa: S608 - made of constants
_KNOWN_BOOTS = """
SELECT id, boot, origin_ms, coalesce(uncertainty_ms, 0), coalesce(seen_ms, 0),
    coalesce(first_ms, seen_ms, 0), coalesce(last_ms, seen_ms, 0), coalesce(latest_origin_ms, 0),
    first_observed_ms, last_observed_ms
FROM boot WHERE gateway_id = ? AND (first_ms IS NOT NULL OR origin_ms IS NOT NULL)
"""
_KNOWN_STREAMS = """
SELECT id, epoch, boot, parent_epoch, statement, held FROM stream WHERE gateway_id = ? ORDER BY id
"""
_CLOSED = """
SELECT first, last FROM ledger WHERE stream_id = ?1
UNION ALL SELECT n, n FROM rejection WHERE stream_id = ?1
"""
_WITHOUT_DATE = """
SELECT name FROM gateway g WHERE EXISTS
    (SELECT 1 FROM boot b WHERE b.gateway_id = g.id AND b.origin_ms IS NULL
        AND EXISTS (SELECT 1 FROM boot o WHERE o.gateway_id = g.id AND o.id <> b.id))
ORDER BY name
"""


def boot_of(database: sqlite3.Connection, gateway_id: int, boot: str) -> BootRow:
    """Its row, made if there is none."""
    row = database.execute(_BOOT, (gateway_id, boot)).fetchone()
    if row is None:
        row = database.execute(_ADD_BOOT, (gateway_id, boot)).fetchone()
    id_, origin_ms, revision, uncertainty_ms, seen_ms, floor_ms = row
    return BootRow(
        id=id_, origin_ms=origin_ms, revision=revision, uncertainty_ms=uncertainty_ms,
        seen_ms=seen_ms, floor_ms=floor_ms,
    )  # fmt: skip


def date_boot(database: sqlite3.Connection, gateway_id: int, origin: Origin) -> set[int]:
    """Believe the highest revision; returns the assets whose state that changes."""
    known = boot_of(database, gateway_id, origin.boot)
    if origin.revision <= known.revision:
        return set()
    row = (origin.origin_ms, origin.uncertainty_ms, origin.revision, origin.seen_ms, known.id)
    database.execute(_DATE_BOOT, row)
    return _move(database, known.id, REPAIRED) if known.origin_ms is None else set()


def estimate_boots(database: sqlite3.Connection, gateway_id: int) -> set[int]:
    """Place what will never learn its origin; returns the assets whose state that changes."""
    boots = [_known_boot(row) for row in database.execute(_KNOWN_BOOTS, (gateway_id,))]
    changed: set[int] = set()
    for place in placements(list(_known_streams(database, gateway_id)), boots):
        row = (place.origin_ms, place.uncertainty_ms, place.floor_ms, place.id)
        database.execute(_PLACE_BOOT, row)
        database.execute(_RAISE_FLOOR, (place.last_ms, place.next_id))
        changed |= _move(database, place.id, ESTIMATED)
    return changed


def widen_boot(
    database: sqlite3.Connection, boot_id: int, span: tuple[int, int], *, now_ms: int
) -> None:
    """The boot's clock has shown these times, and the city has them now."""
    database.execute(_WIDEN, (*span, now_ms - span[1], boot_id))


def gateways_without_date(database: sqlite3.Connection) -> list[GatewayId]:
    """Those with a boot that has no origin, and another one."""
    return [GatewayId(name) for (name,) in database.execute(_WITHOUT_DATE)]


def _move(database: sqlite3.Connection, boot_id: int, time_quality: int) -> set[int]:
    """What the boot's origin dates leaves `undated`."""
    database.execute(_MOVED_BOOT, (boot_id,))
    database.execute(_MOVED_BATCHES, (boot_id,))
    database.execute(_MOVED_HOURS, (boot_id,))
    database.execute(_MOVED_READINGS, (boot_id, time_quality << 1))
    changed = database.execute(_MOVED_LATEST, (boot_id, time_quality << 1)).fetchall()
    changed += database.execute(_MOVED_EVENTS, (boot_id, time_quality)).fetchall()
    database.execute(_FORGET_UNDATED, (boot_id,))
    database.execute(_NUMBER_DATED, (boot_id,))
    return {asset_id for (asset_id,) in changed}


def _known_boot(row: tuple[Any, ...]) -> KnownBoot:
    id_, boot, origin_ms, uncertainty_ms, seen_ms, first_ms, last_ms, latest_ms, *observed = row
    first_observed_ms, last_observed_ms = observed
    return KnownBoot(
        id=id_, boot=boot, origin_ms=origin_ms, uncertainty_ms=uncertainty_ms, seen_ms=seen_ms,
        first_ms=first_ms, last_ms=last_ms, latest_origin_ms=latest_ms,
        first_observed_ms=first_observed_ms, last_observed_ms=last_observed_ms,
    )  # fmt: skip


def _known_streams(database: sqlite3.Connection, gateway_id: int) -> Iterator[KnownStream]:
    for stream_id, *row in database.execute(_KNOWN_STREAMS, (gateway_id,)).fetchall():
        closed = RangeSet(database.execute(_CLOSED, (stream_id,))) if row[-1] else RangeSet()
        yield known_stream((row[0], row[1], row[2], row[3], bool(row[4])), closed)
