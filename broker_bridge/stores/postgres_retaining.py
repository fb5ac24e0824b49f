"""One step of the retention on PostgreSQL, where the readings of a month go with its partition."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from psycopg import Cursor, sql
from psycopg.errors import LockNotAvailable

from broker_bridge.errors import RetentionRefused, StoreBusy
from broker_bridge.language import mark
from broker_bridge.stores.hours import (
    HOUR_MS,
    LARGEST,
    AssetHour,
    Dropped,
    Due,
    Going,
    Kept,
    Made,
)
from broker_bridge.stores.moments import moment_of, ms_of
from broker_bridge.stores.postgres_hours import APPLICATION, kept, moving_bounds
from broker_bridge.stores.postgres_rows import (
    FIRST_YEAR,
    LAST_YEAR,
    Month,
    Partitioned,
    first_ms,
    following,
    known_months,
    make_months,
    partition_of,
)

# New commits wait behind it: for the commits under way, which end by themselves, and then, for
# less, for who reads the table.
_PATIENCE = "SET LOCAL lock_timeout = '5s'"
_LITTLE_PATIENCE = "SET LOCAL lock_timeout = '500ms'"
_NO_VACUUM = sql.SQL("LOCK TABLE {tables} IN SHARE UPDATE EXCLUSIVE MODE")
_NOBODY = sql.SQL("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('nadi retention'))"
_LATE_AT_LAST = 1_000
_STEP_ASSET_HOURS = 2_400
_COUNTED_BYTES = 64 << 20

_OLDER_BRIDGES = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'nadi-bridge%%'
    AND application_name <> %s
"""
_ANNOUNCE = """
UPDATE retention SET announced_ms = %(until)s, hourly_ms = least(hourly_ms, %(until)s)
"""
_MADE = "UPDATE retention SET hourly_ms = %s"
_REMEMBER = "UPDATE retention SET raw_days = %s, hourly_years = %s"
_RAW_FROM = "UPDATE retention SET raw_from_ms = %s"
_LAST_OF = """
SELECT max(id), count(*) FROM (SELECT id FROM asset WHERE id > %s ORDER BY id LIMIT %s) a
"""
_FIRST = """
SELECT min(r.observed_at) FROM asset a CROSS JOIN LATERAL
    (SELECT observed_at FROM reading WHERE asset_id = a.id AND observed_at >= %s
    ORDER BY observed_at LIMIT 1) r
"""
_TAKE_LATE = """
DELETE FROM late_hour WHERE id IN
    (SELECT id FROM late_hour WHERE hour < %s ORDER BY id LIMIT %s)
RETURNING asset_id, hour
"""
_INSERT = """
INSERT INTO hourly (hour, asset_id, quantity_id, readings, suspect, estimated, total, lowest,
    highest, due)
"""
_FACTS = f"""
    count(*)::integer AS readings,
    (count(*) FILTER (WHERE r.quality & 1 = 1))::integer AS suspect,
    (count(*) FILTER (WHERE r.quality >> 1 = 2))::integer AS estimated,
    coalesce(sum(least(greatest(r.value, -{LARGEST}), {LARGEST}))
        FILTER (WHERE r.quality & 1 = 0), 0) AS total,
    min(r.value) FILTER (WHERE r.quality & 1 = 0) AS lowest,
    max(r.value) FILTER (WHERE r.quality & 1 = 0) AS highest
"""
_DUE = """
(SELECT d.due FROM unnest(%(kinds)s::text[], %(quantities)s::text[], %(due)s::integer[])
    d (kind, quantity, due) JOIN quantity q ON q.name = d.quantity
    WHERE d.kind = a.kind AND q.id = {quantity})
"""
_HOURS = f"""
{_INSERT}
SELECT h.hour, a.id, h.quantity_id, h.readings, h.suspect, h.estimated, h.total, h.lowest,
    h.highest, {_DUE.format(quantity="h.quantity_id")}
FROM {{assets}} a CROSS JOIN LATERAL
    (SELECT date_trunc('hour', r.observed_at) AS hour, r.quantity_id, {_FACTS}
    FROM reading r
    WHERE r.asset_id = a.id AND r.observed_at >= {{first}} AND r.observed_at < {{next}}
    GROUP BY 1, 2) h
ORDER BY h.hour, a.id, h.quantity_id
ON CONFLICT (asset_id, quantity_id, hour) DO UPDATE SET readings = excluded.readings,
    suspect = excluded.suspect, estimated = excluded.estimated, total = excluded.total,
    lowest = excluded.lowest, highest = excluded.highest, due = excluded.due
"""  # noqa: S608 - made of constants
# From all the readings of the hour, which are in `reading`.
_MAKE = _HOURS.format(
    assets="(SELECT id, kind FROM asset WHERE id > %(after)s ORDER BY id LIMIT %(assets)s)",
    first="%(first)s", next="%(next)s",
)  # fmt: skip
_MAKE_AGAIN = _HOURS.format(
    assets="""(SELECT a.id, a.kind, w.hour
        FROM unnest(%(assets)s::integer[], %(hours)s::timestamptz[]) w (id, hour)
        JOIN asset a ON a.id = w.id)""",
    first="a.hour", next="a.hour + interval '1 hour'",
)  # fmt: skip
# From readings that came after the others of the hour had gone, which have no partition.
_ADD = f"""
WITH late AS (DELETE FROM reading r
    USING unnest(%(assets)s::integer[], %(hours)s::timestamptz[]) w (id, hour)
    WHERE r.asset_id = w.id AND r.observed_at >= w.hour
        AND r.observed_at < w.hour + interval '1 hour' AND r.observed_at < %(raw_from)s
    RETURNING r.asset_id, r.quantity_id, r.observed_at, r.value, r.quality)
{_INSERT}
SELECT date_trunc('hour', r.observed_at), a.id, r.quantity_id, {_FACTS},
    {_DUE.format(quantity="r.quantity_id")}
FROM late r JOIN asset a ON a.id = r.asset_id
GROUP BY 1, a.id, r.quantity_id
ON CONFLICT (asset_id, quantity_id, hour) DO UPDATE SET
    readings = hourly.readings + excluded.readings,
    suspect = hourly.suspect + excluded.suspect,
    estimated = hourly.estimated + excluded.estimated,
    total = hourly.total + excluded.total,
    lowest = least(hourly.lowest, excluded.lowest),
    highest = greatest(hourly.highest, excluded.highest),
    due = coalesce(hourly.due, excluded.due)
"""  # noqa: S608 - made of constants
_SIZE = """
SELECT greatest(reltuples, 0)::bigint, pg_total_relation_size(oid) FROM pg_class
WHERE oid = to_regclass(%s)
"""
_FORGET_ELSEWHEN = "DELETE FROM reading_elsewhen WHERE observed_at < %s"
_FORGET_HOURS_ELSEWHEN = "DELETE FROM hourly_elsewhen WHERE hour < %s"
_COUNT_ELSEWHEN = "SELECT count(*) FROM reading_elsewhen WHERE observed_at < %s"
_NEWEST = "SELECT max(observed_at) FROM asset_latest"


class PostgresRetentionStep:
    """See `RetentionStep`; no other step runs until it ends, and the bridges hardly wait."""

    def __init__(self, cursor: Cursor[Any], due: Due) -> None:
        self._db = cursor
        self._due = {
            "kinds": [kind for kind, _ in due],
            "quantities": [quantity for _, quantity in due],
            "due": list(due.values()),
        }
        cursor.execute(_ONE_AT_A_TIME)

    def kept(self) -> Kept:
        """See `RetentionStep.kept`."""
        return kept(self._db)

    def announce(self, until_ms: int) -> None:
        """See `RetentionStep.announce`; a bridge of before would enter nothing as late."""
        if _one(self._db, _OLDER_BRIDGES, (APPLICATION,))[0]:
            raise RetentionRefused(
                mark("a bridge that was started before this store was upgraded still runs"),
                hint=mark("restart every bridge of the city, then try again"),
            )
        self._move_bounds()
        self._db.execute(_ANNOUNCE, {"until": max(until_ms, self.kept().raw_from_ms)})

    def first_hour(self, since_ms: int) -> int | None:
        """See `RetentionStep.first_hour`."""
        (first,) = _one(self._db, _FIRST, (moment_of(since_ms),))
        return None if first is None else ms_of(first.replace(minute=0, second=0, microsecond=0))

    def make_hours(self, from_ms: int, until_ms: int, *, after: int) -> Made:
        """See `RetentionStep.make_hours`."""
        assets = max(1, _STEP_ASSET_HOURS * HOUR_MS // (until_ms - from_ms))
        first, next_ = moment_of(from_ms), moment_of(until_ms)
        self._make_months([first, next_ - timedelta(hours=1)])
        asked = {"after": after, "assets": assets, "first": first, "next": next_}
        rows = self._db.execute(_MAKE.encode(), {**asked, **self._due}).rowcount
        last, found = _one(self._db, _LAST_OF, (after, assets))
        return Made(asset=last if found == assets else None, rows=rows)

    def made(self, until_ms: int) -> None:
        """See `RetentionStep.made`."""
        self._db.execute(_MADE, (until_ms,))

    def settle_late(self, at_most: int) -> int:
        """See `RetentionStep.settle_late`."""
        return self._settle_before(moment_of(1 << 62), at_most)

    def _settle_before(self, until: datetime, at_most: int) -> int:
        taken = self._db.execute(_TAKE_LATE, (until, at_most)).fetchall()
        so_far = self.kept()
        hours = sorted({(asset_id, ms_of(hour)) for asset_id, hour in taken})
        late = {True: list[AssetHour](), False: list[AssetHour]()}
        for each in hours:
            late[so_far.has_no_raw(*each)].append(each)
        raw_from = {"raw_from": moment_of(so_far.raw_from_ms)}
        self._settle(_ADD, late[True], raw_from)
        self._settle(_MAKE_AGAIN, late[False], {})
        return len(taken)

    def _settle(self, how: str, late: Sequence[AssetHour], more: Mapping[str, object]) -> None:
        if late:
            assets = [asset_id for asset_id, _ in late]
            hours = [moment_of(hour_ms) for _, hour_ms in late]
            self._make_months(hours)
            named = {"assets": assets, "hours": hours, **more, **self._due}
            self._db.execute(how.encode(), named)

    def _make_months(self, hours: Sequence[datetime]) -> None:
        months = {(hour.year, hour.month) for hour in hours}
        wanted = {month for month in months if FIRST_YEAR <= month[0] <= LAST_YEAR}
        make_months(self._db, wanted - known_months(self._db, "hourly"), "hourly")

    def remember(self, *, raw_days: int, hourly_years: int) -> None:
        """See `RetentionStep.remember`."""
        self._db.execute(_REMEMBER, (raw_days, hourly_years))

    def drop_raw(self, until_ms: int) -> Dropped:
        """See `RetentionStep.drop_raw`; one month, and what lies before it without a partition."""
        so_far = self.kept()
        known = _months(self._db, "reading", until_ms)
        months = [month for month in known if first_ms(month) >= so_far.raw_from_ms][:1]
        end_ms = first_ms(following(months[0])) if months else _whole_months(until_ms)
        if end_ms <= so_far.raw_from_ms:
            return Dropped(raw_from_ms=so_far.raw_from_ms, readings=0, bytes=0, over=True)
        self._wait_for_vacuum("reading", months)
        self._move_bounds()
        self._wait_for_readers("reading", months)
        if self._settle_before(moment_of(end_ms), _LATE_AT_LAST) == _LATE_AT_LAST:
            return Dropped(raw_from_ms=so_far.raw_from_ms, readings=0, bytes=0, over=False)
        readings, size = _sizes(self._db, "reading", months)
        self._drop("reading", months)
        readings += self._db.execute(_FORGET_ELSEWHEN, (moment_of(end_ms),)).rowcount
        self._db.execute(_RAW_FROM, (end_ms,))
        return Dropped(raw_from_ms=end_ms, readings=readings, bytes=size, over=False)

    def drop_hours(self, until_ms: int, *, after: int) -> Made:  # noqa: ARG002 - all at once here
        """See `RetentionStep.drop_hours`; whole months of all assets."""
        months = _months(self._db, "hourly", until_ms)
        rows, _ = _sizes(self._db, "hourly", months)
        if months:
            self._wait_for_vacuum("hourly", months)
            self._wait_for_readers("hourly", months)
            self._drop("hourly", months)
        rows += self._db.execute(_FORGET_HOURS_ELSEWHEN, (moment_of(until_ms),)).rowcount
        return Made(asset=None, rows=rows)

    def _move_bounds(self) -> None:
        with _patience("reading"):
            self._db.execute(_PATIENCE)
            moving_bounds(self._db)

    def _wait_for_vacuum(self, table: Partitioned, months: Sequence[Month]) -> None:
        """Nobody waits behind this; the server's own vacuum gives way to it within two seconds."""
        with _patience(table):
            self._db.execute(_PATIENCE)
            self._db.execute(_NO_VACUUM.format(tables=_going(table, months)))

    def _wait_for_readers(self, table: Partitioned, months: Sequence[Month]) -> None:
        """Of the whole table, since a partition leaves it; not of the months that stay."""
        tables = sql.SQL(", ").join([_only(table), _going(table, months)])
        with _patience(table):
            self._db.execute(_LITTLE_PATIENCE)
            self._db.execute(_NOBODY.format(tables=tables))

    def _drop(self, table: Partitioned, months: Sequence[Month]) -> None:
        for month in months:
            name = sql.Identifier(partition_of(month, table))
            self._db.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))


def going(cursor: Cursor[Any], raw_until_ms: int, hours_until_ms: int) -> Going:
    """What goes in the end: whole months."""
    raw_rows, raw_bytes = _sizes(cursor, "reading", _months(cursor, "reading", raw_until_ms))
    hour_rows, hour_bytes = _sizes(cursor, "hourly", _months(cursor, "hourly", hours_until_ms))
    until = moment_of(_whole_months(raw_until_ms))
    (elsewhen,) = _one(cursor, _COUNT_ELSEWHEN, (until,))
    (newest,) = _one(cursor, _NEWEST)
    return Going(
        readings=raw_rows + elsewhen,
        hours=hour_rows,
        bytes=raw_bytes + hour_bytes,
        newest_ms=None if newest is None else ms_of(newest),
    )


def _months(cursor: Cursor[Any], table: Partitioned, until_ms: int) -> list[Month]:
    """Those that are over by then, the oldest first."""
    known = known_months(cursor, table)
    return sorted(month for month in known if first_ms(following(month)) <= until_ms)


def _sizes(cursor: Cursor[Any], table: Partitioned, months: Sequence[Month]) -> tuple[int, int]:
    """Rows and bytes; the rows of a large partition by the server's estimate."""
    rows, total = 0, 0
    for month in months:
        name = partition_of(month, table)
        estimate, size = _one(cursor, _SIZE, (name,))
        count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
        rows += estimate if size > _COUNTED_BYTES else _one(cursor, count.as_string())[0]
        total += size
    return rows, total


def _going(table: Partitioned, months: Sequence[Month]) -> sql.Composed:
    """Beside the table: a drop needs also the partition that takes what none other does."""
    names = [f"{table}_elsewhen", *(partition_of(month, table) for month in months)]
    return sql.SQL(", ").join(map(_only, names))


def _only(name: str) -> sql.Composed:
    return sql.SQL("ONLY {}").format(sql.Identifier(name))


def _one(cursor: Cursor[Any], question: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = cursor.execute(question.encode(), parameters).fetchone()
    assert row is not None, "an aggregate has a row"
    return row


@contextmanager
def _patience(table: Partitioned) -> Iterator[None]:
    try:
        yield
    except LockNotAvailable as error:
        raise StoreBusy(
            mark("the table {table} is in use all the time: nothing can be done with it now"),
            hint=mark("is it a backup or a long query? The next run goes on; nothing is lost"),
            table=table,
        ) from error


def _whole_months(until_ms: int) -> int:
    until = moment_of(until_ms)
    return first_ms((until.year, until.month))
