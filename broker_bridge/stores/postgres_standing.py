"""What the bridges say of themselves on PostgreSQL, and how large the database is."""

from datetime import timedelta
from typing import Any

from psycopg import Cursor

from broker_bridge.standing import (
    ALIVE_MS,
    DAY_MS,
    FORGOTTEN_MS,
    KEPT_MS,
    BridgeSeen,
    BridgeSign,
    Census,
    Standing,
    StoreSize,
)

_MS = "(extract(epoch FROM {at}) * 1000)::bigint"
_TELL = """
INSERT INTO bridge (name, host, program, connected, stopped, began_at, heard_at)
VALUES (%(name)s, %(host)s, %(program)s, %(connected)s, %(stopped)s, clock_timestamp(),
    clock_timestamp())
ON CONFLICT (name, host) DO UPDATE SET program = excluded.program, connected = excluded.connected,
    stopped = excluded.stopped, heard_at = excluded.heard_at,
    began_at = CASE WHEN %(began)s THEN excluded.began_at ELSE bridge.began_at END
"""
_MEASURE = """
INSERT INTO store_size (measured_at, bytes)
SELECT clock_timestamp(), pg_database_size(current_database())
WHERE NOT EXISTS (SELECT 1 FROM store_size WHERE measured_at > clock_timestamp() - %s)
ON CONFLICT DO NOTHING RETURNING 1
"""
_DROP = "DELETE FROM store_size WHERE measured_at < clock_timestamp() - %s"
_FORGET = "DELETE FROM bridge WHERE heard_at < clock_timestamp() - %s"
_NOW = f"SELECT {_MS.format(at='clock_timestamp()')}, pg_database_size(current_database())"
_SIZES = f"SELECT {_MS.format(at='measured_at')}, bytes FROM store_size ORDER BY measured_at"  # noqa: S608 - made of constants
_BRIDGES = f"""
SELECT name, host, program, connected, stopped, {_MS.format(at="began_at")},
    {_MS.format(at="heard_at")}
FROM bridge ORDER BY name, host
"""  # noqa: S608 - made of constants

_GATEWAYS = """
SELECT coalesce(status::json ->> 'state', 'unheard'), count(*)
FROM gateway WHERE NOT retired GROUP BY 1
"""
_COUNTS = """
SELECT (SELECT coalesce(sum(items), 0)::bigint FROM quarantine_tally),
    (SELECT coalesce(sum(bytes), 0)::bigint FROM quarantine_tally),
    (SELECT count(*) FROM bridge WHERE NOT stopped AND heard_at >= clock_timestamp() - %s),
    pg_database_size(current_database())
"""


def tell(cursor: Cursor[Any], sign: BridgeSign) -> None:
    """Keep what the bridge says, and once a day the database's size."""
    said = {
        "name": sign.name, "host": sign.host, "program": sign.program,
        "connected": sign.connected, "stopped": sign.stopped, "began": sign.began,
    }  # fmt: skip
    cursor.execute(_TELL, said)
    if cursor.execute(_MEASURE, (_interval(DAY_MS),)).fetchone():
        cursor.execute(_DROP, (_interval(KEPT_MS),))
        cursor.execute(_FORGET, (_interval(FORGOTTEN_MS),))


def standing(cursor: Cursor[Any]) -> Standing:
    """How the centre stands."""
    now_ms, size = cursor.execute(_NOW.encode()).fetchone() or (0, 0)
    sizes = cursor.execute(_SIZES.encode()).fetchall()
    return Standing(
        now_ms=now_ms,
        bytes=size,
        reusable_bytes=0,
        sizes=tuple(StoreSize(measured_ms=at, bytes=bytes_) for at, bytes_ in sizes),
        bridges=tuple(
            BridgeSeen.of_row(row) for row in cursor.execute(_BRIDGES.encode()).fetchall()
        ),
    )


def census(cursor: Cursor[Any]) -> Census:
    """How many there are of everything that is watched."""
    row = cursor.execute(_COUNTS, (_interval(ALIVE_MS),)).fetchone() or (0, 0, 0, 0)
    messages, size, alive, used = row
    return Census(
        gateways=dict(cursor.execute(_GATEWAYS).fetchall()),
        quarantine_messages=messages,
        quarantine_bytes=size,
        store_bytes=used,
        bridges_alive=alive,
    )


def _interval(length_ms: int) -> timedelta:
    return timedelta(milliseconds=length_ms)
