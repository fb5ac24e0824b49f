"""How far the hours of readings are in PostgreSQL, and which get one more reading after that."""

from typing import Any

from psycopg import Cursor

from broker_bridge.stores.columns import Columns
from broker_bridge.stores.hours import Kept, late_hours
from broker_bridge.stores.moments import moment_of
from broker_bridge.stores.postgres_rows import Month, first_ms

# A bridge that is named otherwise is of before there were hours, and enters nothing as late.
APPLICATION = "nadi-bridge with hours"

# Whoever commits readings shares it to the end; whoever moves the bounds below has it alone. So no
# reading is committed by bounds that are no longer so.
_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtext('nadi hours'))"
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('nadi hours'))"
_KEPT = "SELECT announced_ms, hourly_ms, raw_from_ms, raw_days, hourly_years FROM retention"
_ADD_LATE = """
INSERT INTO late_hour (asset_id, hour)
SELECT * FROM unnest(%s::integer[], %s::timestamptz[])
"""


def kept(cursor: Cursor[Any]) -> Kept:
    """How far the store is."""
    row = cursor.execute(_KEPT).fetchone()
    assert row is not None, "its migration wrote it"
    announced_ms, hourly_ms, raw_from_ms, raw_days, years = row
    return Kept(
        announced_ms=announced_ms, hourly_ms=hourly_ms, raw_from_ms=raw_from_ms,
        raw_days=raw_days, hourly_years=years,
    )  # fmt: skip


def kept_for_now(cursor: Cursor[Any]) -> Kept:
    """As it stays until the transaction at hand ends."""
    cursor.execute(_SHARED)
    return kept(cursor)


def moving_bounds(cursor: Cursor[Any]) -> None:
    """Nobody commits readings until the transaction at hand ends."""
    cursor.execute(_ALONE)


def months_with_raw(months: set[Month], so_far: Kept) -> set[Month]:
    """Those whose readings are not gone; what comes later for the others has no partition."""
    return {month for month in months if first_ms(month) >= so_far.raw_from_ms}


def enter_late(cursor: Cursor[Any], columns: Columns, so_far: Kept) -> None:
    """Hours that are made already and get these readings."""
    if late := late_hours(columns, so_far.announced_ms):
        assets, hours = zip(*late, strict=True)
        cursor.execute(_ADD_LATE, (list(assets), [moment_of(hour_ms) for hour_ms in hours]))
