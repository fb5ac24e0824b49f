"""What the bridge says of itself on SQLite, and how large the file is."""

import sqlite3

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

_TELL = """
INSERT INTO bridge (name, host, program, connected, stopped, began_ms, heard_ms)
VALUES (:name, :host, :program, :connected, :stopped, :now_ms, :now_ms)
ON CONFLICT (name, host) DO UPDATE SET program = excluded.program, connected = excluded.connected,
    stopped = excluded.stopped, heard_ms = excluded.heard_ms,
    began_ms = CASE WHEN :began THEN excluded.began_ms ELSE began_ms END
"""
_FORGET = "DELETE FROM bridge WHERE heard_ms < ?"
_MEASURED = "SELECT 1 FROM store_size WHERE measured_ms > ?"
_MEASURE = "INSERT OR IGNORE INTO store_size (measured_ms, bytes) VALUES (?, ?)"
_DROP = "DELETE FROM store_size WHERE measured_ms < ?"
_SIZES = "SELECT measured_ms, bytes FROM store_size ORDER BY measured_ms"
_BRIDGES = """
SELECT name, host, program, connected, stopped, began_ms, heard_ms FROM bridge ORDER BY name, host
"""

_GATEWAYS = """
SELECT coalesce(json_extract(status, '$.state'), 'unheard') AS state, count(*)
FROM gateway WHERE NOT retired GROUP BY 1
"""
_COUNTS = """
SELECT (SELECT coalesce(sum(items), 0) FROM quarantine_tally),
    (SELECT coalesce(sum(bytes), 0) FROM quarantine_tally),
    (SELECT count(*) FROM bridge WHERE NOT stopped AND heard_ms >= ?)
"""


def tell(connection: sqlite3.Connection, sign: BridgeSign, *, now_ms: int) -> None:
    """Keep what the bridge says, and once a day the store's size."""
    said = {
        "name": sign.name, "host": sign.host, "program": sign.program,
        "connected": int(sign.connected), "stopped": int(sign.stopped),
        "began": int(sign.began), "now_ms": now_ms,
    }  # fmt: skip
    connection.execute(_TELL, said)
    if connection.execute(_MEASURED, (now_ms - DAY_MS,)).fetchone() is None:
        used, _ = _pages(connection)
        connection.execute(_MEASURE, (now_ms, used))
        connection.execute(_DROP, (now_ms - KEPT_MS,))
        connection.execute(_FORGET, (now_ms - FORGOTTEN_MS,))


def standing(connection: sqlite3.Connection, *, now_ms: int) -> Standing:
    """How the centre stands."""
    used, free = _pages(connection)
    sizes = connection.execute(_SIZES).fetchall()
    return Standing(
        now_ms=now_ms,
        bytes=used,
        reusable_bytes=free,
        sizes=tuple(StoreSize(measured_ms=at, bytes=size) for at, size in sizes),
        bridges=tuple(BridgeSeen.of_row(row) for row in connection.execute(_BRIDGES)),
    )


def census(connection: sqlite3.Connection, *, now_ms: int) -> Census:
    """How many there are of everything that is watched."""
    used, _ = _pages(connection)
    messages, size, alive = connection.execute(_COUNTS, (now_ms - ALIVE_MS,)).fetchone()
    return Census(
        gateways=dict(connection.execute(_GATEWAYS).fetchall()),
        quarantine_messages=messages,
        quarantine_bytes=size,
        store_bytes=used,
        bridges_alive=alive,
    )


def _pages(connection: sqlite3.Connection) -> tuple[int, int]:
    """Bytes in use, and bytes of the file that wait to be used again."""
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    (all_of,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return (all_of - free) * size, free * size
