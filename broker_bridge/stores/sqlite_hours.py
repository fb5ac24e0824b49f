"""Hours of readings in SQLite: made, made again when one more reading comes, and in the end all."""

import json
import sqlite3
from collections.abc import Iterable

from broker_bridge.stores.columns import Columns
from broker_bridge.stores.hours import (
    HOUR_MS,
    LARGEST,
    AssetHour,
    Dropped,
    Due,
    Going,
    Kept,
    Made,
    late_hours,
)

# One step holds the writer for so much, whichever comes first.
_STEP_ASSET_HOURS = 100
_STEP_READINGS = 4_000
_STEP_ASSETS = 200

_KEPT = """
SELECT announced_ms, hourly_ms, raw_from_ms, raw_asset, raw_days, hourly_years FROM retention
"""
_ADD_LATE = """
INSERT INTO late_hour (asset_id, hour_ms) VALUES (?, ?) ON CONFLICT DO NOTHING
"""
_TAKE_LATE = """
DELETE FROM late_hour WHERE (asset_id, hour_ms) IN
    (SELECT asset_id, hour_ms FROM late_hour ORDER BY asset_id, hour_ms LIMIT ?)
RETURNING asset_id, hour_ms
"""
_ANNOUNCE = "UPDATE retention SET announced_ms = ?1, hourly_ms = min(hourly_ms, ?1)"
_MADE = "UPDATE retention SET hourly_ms = ?"
_REMEMBER = "UPDATE retention SET raw_days = ?, hourly_years = ?"
_DROPPED = "UPDATE retention SET raw_from_ms = ?, raw_asset = ?"
_ASSETS = "SELECT id FROM asset WHERE id > ? ORDER BY id LIMIT ?"
_FIRST = """
SELECT min(first_ms) FROM (SELECT
    (SELECT min(observed_ms) FROM reading WHERE asset_id = a.id AND observed_ms >= ?) AS first_ms
    FROM asset a)
"""
_HOUR = f"r.observed_ms - (r.observed_ms % {HOUR_MS} + {HOUR_MS}) % {HOUR_MS}"
_BOUNDED = f"max(min(r.value, {LARGEST}), -{LARGEST})"
_HOURS = f"""
INSERT INTO hourly (asset_id, quantity_id, hour_ms, readings, suspect, estimated, total, lowest,
    highest, due)
SELECT r.asset_id, r.quantity_id, {_HOUR}, count(*), sum(r.quality & 1), sum(r.quality >> 1 = 2),
    total(iif(r.quality & 1, 0, {_BOUNDED})), min(iif(r.quality & 1, NULL, r.value)),
    max(iif(r.quality & 1, NULL, r.value)),
    (SELECT d.value ->> 2 FROM json_each(?4) d JOIN asset a ON a.id = r.asset_id
        JOIN quantity q ON q.id = r.quantity_id
        WHERE d.value ->> 0 = a.kind AND d.value ->> 1 = q.name)
FROM reading r WHERE r.asset_id = ?1 AND r.observed_ms >= ?2 AND r.observed_ms < ?3
GROUP BY r.asset_id, r.quantity_id, {_HOUR}
ON CONFLICT (asset_id, quantity_id, hour_ms) DO UPDATE SET """  # noqa: S608 - made of constants
# From all the readings of the hour, which are in `reading`.
_REPLACED = """readings = excluded.readings, suspect = excluded.suspect,
    estimated = excluded.estimated, total = excluded.total, lowest = excluded.lowest,
    highest = excluded.highest, due = excluded.due
"""
# From readings that came after the others of the hour had gone.
_ADDED = """readings = readings + excluded.readings, suspect = suspect + excluded.suspect,
    estimated = estimated + excluded.estimated, total = total + excluded.total,
    lowest = min(coalesce(lowest, excluded.lowest), coalesce(excluded.lowest, lowest)),
    highest = max(coalesce(highest, excluded.highest), coalesce(excluded.highest, highest)),
    due = coalesce(due, excluded.due)
"""
_FORGET = "DELETE FROM reading WHERE asset_id = ? AND observed_ms >= ? AND observed_ms < ?"
_FORGET_HOURS = """
DELETE FROM hourly WHERE asset_id = ? AND quantity_id IN (SELECT id FROM quantity) AND hour_ms < ?
"""
_COUNT_RAW = """
SELECT coalesce(sum((SELECT count(*) FROM reading WHERE asset_id = a.id AND observed_ms < ?)), 0)
FROM asset a
"""
_COUNT_HOURS = """
SELECT coalesce(sum((SELECT count(*) FROM hourly
    WHERE asset_id = a.id AND quantity_id = q.id AND hour_ms < ?)), 0)
FROM asset a CROSS JOIN quantity q
"""
_NEWEST = "SELECT max(observed_ms) FROM asset_latest"


def kept(database: sqlite3.Connection) -> Kept:
    """How far the store is."""
    announced_ms, hourly_ms, raw_from_ms, raw_asset, raw_days, years = database.execute(
        _KEPT
    ).fetchone()
    return Kept(
        announced_ms=announced_ms, hourly_ms=hourly_ms, raw_from_ms=raw_from_ms,
        raw_asset=raw_asset, raw_days=raw_days, hourly_years=years,
    )  # fmt: skip


def going(database: sqlite3.Connection, raw_until_ms: int, hours_until_ms: int) -> Going:
    """What goes in the end; its room in the file is used again."""
    (readings,) = database.execute(_COUNT_RAW, (raw_until_ms,)).fetchone()
    (hours,) = database.execute(_COUNT_HOURS, (hours_until_ms,)).fetchone()
    (newest_ms,) = database.execute(_NEWEST).fetchone()
    return Going(readings=readings, hours=hours, bytes=0, newest_ms=newest_ms)


def enter_late(database: sqlite3.Connection, columns: Columns) -> None:
    """Hours that are made already and get these readings."""
    database.executemany(_ADD_LATE, late_hours(columns, kept(database).announced_ms))


class SqliteRetentionStep:
    """See `RetentionStep`; open from BEGIN IMMEDIATE to the end of its `with` block."""

    def __init__(self, connection: sqlite3.Connection, due: Due) -> None:
        self._db = connection
        self._due = json.dumps([[*of, readings] for of, readings in due.items()])

    def kept(self) -> Kept:
        """See `RetentionStep.kept`."""
        return kept(self._db)

    def announce(self, until_ms: int) -> None:
        """See `RetentionStep.announce`."""
        self._db.execute(_ANNOUNCE, (max(until_ms, self._no_raw_before()),))

    def first_hour(self, since_ms: int) -> int | None:
        """See `RetentionStep.first_hour`."""
        (first_ms,) = self._db.execute(_FIRST, (since_ms,)).fetchone()
        return None if first_ms is None else int(first_ms - first_ms % HOUR_MS)

    def make_hours(self, from_ms: int, until_ms: int, *, after: int) -> Made:
        """See `RetentionStep.make_hours`."""
        assets = max(1, _STEP_ASSET_HOURS * HOUR_MS // (until_ms - from_ms))
        ids = self._assets(after, assets)
        rows = sum(self._make(_REPLACED, id_, from_ms, until_ms) for id_ in ids)
        return Made(asset=ids[-1] if len(ids) == assets else None, rows=rows)

    def made(self, until_ms: int) -> None:
        """See `RetentionStep.made`."""
        self._db.execute(_MADE, (until_ms,))

    def settle_late(self, at_most: int) -> int:
        """See `RetentionStep.settle_late`."""
        late = self._db.execute(_TAKE_LATE, (at_most,)).fetchall()
        self._settle(late)
        return len(late)

    def _settle(self, late: Iterable[AssetHour]) -> None:
        so_far = self.kept()
        for asset_id, hour_ms in late:
            within = (asset_id, hour_ms, hour_ms + HOUR_MS)
            if so_far.has_no_raw(asset_id, hour_ms):
                self._make(_ADDED, *within)
                self._db.execute(_FORGET, within)
            else:
                self._make(_REPLACED, *within)

    def remember(self, *, raw_days: int, hourly_years: int) -> None:
        """See `RetentionStep.remember`."""
        self._db.execute(_REMEMBER, (raw_days, hourly_years))

    def drop_raw(self, until_ms: int) -> Dropped:
        """See `RetentionStep.drop_raw`; one hour of as many assets as a step may take."""
        so_far = self.kept()
        hour_ms, after = so_far.raw_from_ms, so_far.raw_asset
        if hour_ms < until_ms and not after:
            first_ms = self.first_hour(hour_ms)
            hour_ms = until_ms if first_ms is None else min(first_ms, until_ms)
            self._db.execute(_DROPPED, (hour_ms, 0))
        if hour_ms >= until_ms:
            return Dropped(raw_from_ms=hour_ms, readings=0, bytes=0, over=True)
        readings, last = 0, None
        for id_ in self._assets(after, _STEP_ASSETS):
            readings, last = readings + self._drop(id_, hour_ms), id_
            if readings >= _STEP_READINGS:
                break
        here = (hour_ms + HOUR_MS, 0) if last is None else (hour_ms, last)
        self._db.execute(_DROPPED, here)
        return Dropped(raw_from_ms=here[0], readings=readings, bytes=0, over=False)

    def _drop(self, asset_id: int, hour_ms: int) -> int:
        within = (asset_id, hour_ms, hour_ms + HOUR_MS)
        self._make(_REPLACED, *within)
        return self._db.execute(_FORGET, within).rowcount

    def drop_hours(self, until_ms: int, *, after: int) -> Made:
        """See `RetentionStep.drop_hours`."""
        ids = self._assets(after, _STEP_ASSETS)
        rows = sum(self._db.execute(_FORGET_HOURS, (id_, until_ms)).rowcount for id_ in ids)
        return Made(asset=ids[-1] if len(ids) == _STEP_ASSETS else None, rows=rows)

    def _make(self, when_there: str, asset_id: int, from_ms: int, until_ms: int) -> int:
        row = (asset_id, from_ms, until_ms, self._due)
        return self._db.execute(_HOURS + when_there, row).rowcount

    def _assets(self, after: int, at_most: int) -> list[int]:
        return [id_ for (id_,) in self._db.execute(_ASSETS, (after, at_most))]

    def _no_raw_before(self) -> int:
        so_far = self.kept()
        return so_far.raw_from_ms + (HOUR_MS if so_far.raw_asset else 0)
