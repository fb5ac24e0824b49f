"""What could not be taken stays in SQLite within a budget; the noisiest gateway pays for it."""

import sqlite3
from collections.abc import Sequence

from broker_bridge.store import Quarantined
from broker_bridge.stores.aside import Aside, AsideMessage, AsideTally, read_aside, read_message
from broker_bridge.stores.statements import Kept, kept

_QUARANTINE = """
INSERT INTO quarantine (received_ms, topic, gateway, reason, header, body, bytes)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_TALLY = """
INSERT INTO quarantine_tally (gateway, items, bytes) VALUES (?, 1, ?)
ON CONFLICT (gateway) DO UPDATE SET items = items + 1, bytes = bytes + excluded.bytes
"""
_TALLY_DROP = """
UPDATE quarantine_tally SET items = items - ?, bytes = bytes - ?, dropped = dropped + ?
WHERE gateway = ?
"""
_QUARANTINED_BYTES = "SELECT coalesce(sum(bytes), 0) FROM quarantine_tally"
_NOISIEST = "SELECT gateway FROM quarantine_tally ORDER BY bytes DESC, gateway LIMIT 1"
_OLDEST = "SELECT id, bytes FROM quarantine WHERE gateway = ? ORDER BY id LIMIT 100"
_DROP = "DELETE FROM quarantine WHERE id = ?"
_LISTED = "SELECT id, received_ms, topic, gateway, reason, bytes FROM quarantine"
_NEWEST = f"{_LISTED} WHERE coalesce(?, gateway) = gateway ORDER BY id DESC LIMIT ?"
_ONE = """
SELECT id, received_ms, topic, gateway, reason, bytes, header, body FROM quarantine WHERE id = ?
"""
_TALLIES = "SELECT gateway, items, bytes, dropped FROM quarantine_tally ORDER BY gateway"
_LET_GO = "DELETE FROM quarantine WHERE id = ? RETURNING gateway, bytes"


def keep_aside(
    connection: sqlite3.Connection,
    items: Sequence[Quarantined],
    *,
    now_ms: int,
    budget_bytes: int,
) -> None:
    """The oldest of whoever fills the quarantine most go first, counted."""
    for item in map(kept, items):
        _add(connection, item, now_ms)
    while (excess := connection.execute(_QUARANTINED_BYTES).fetchone()[0] - budget_bytes) > 0:
        _drop_oldest(connection, excess)


def _add(connection: sqlite3.Connection, item: Kept, now_ms: int) -> None:
    row = (now_ms, item.topic, item.gateway, item.reason, item.header, item.body, item.bytes)
    connection.execute(_QUARANTINE, row)
    connection.execute(_TALLY, (item.gateway, item.bytes))


def _drop_oldest(connection: sqlite3.Connection, excess: int) -> None:
    (gateway,) = connection.execute(_NOISIEST).fetchone()
    dropped = freed = 0
    for item_id, size in connection.execute(_OLDEST, (gateway,)).fetchall():
        connection.execute(_DROP, (item_id,))
        dropped, freed = dropped + 1, freed + size
        if freed >= excess:
            break
    connection.execute(_TALLY_DROP, (dropped, freed, dropped, gateway))


def newest(connection: sqlite3.Connection, gateway: str | None, at_most: int) -> Sequence[Aside]:
    """The newest first."""
    return [read_aside(row) for row in connection.execute(_NEWEST, (gateway, at_most))]


def one(connection: sqlite3.Connection, number: int) -> AsideMessage | None:
    """None if it is not there."""
    row = connection.execute(_ONE, (number,)).fetchone()
    return read_message(row) if row else None


def tallies(connection: sqlite3.Connection) -> Sequence[AsideTally]:
    """Of every gateway that ever had one."""
    rows = connection.execute(_TALLIES)
    return [AsideTally(gateway=g, items=i, bytes=b, dropped=d) for g, i, b, d in rows]


def let_go(connection: sqlite3.Connection, number: int, *, lost: bool) -> bool:
    """Whether it was there; `lost` counts it as gone for good."""
    row = connection.execute(_LET_GO, (number,)).fetchone()
    if row:
        connection.execute(_TALLY_DROP, (1, row[1], int(lost), row[0]))
    return row is not None
