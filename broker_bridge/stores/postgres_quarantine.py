"""What could not be taken stays in PostgreSQL within a budget; the noisiest gateway pays for it."""

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

from broker_bridge.store import Quarantined
from broker_bridge.stores.aside import Aside, AsideMessage, AsideTally, read_aside, read_message
from broker_bridge.stores.statements import Kept, kept

_QUARANTINE = """
INSERT INTO quarantine (topic, gateway, reason, header, body, bytes)
VALUES (%s, %s, %s, %s, %s, %s)
"""
# Its own lock: whoever counts the bytes must not count beside another bridge.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('nadi quarantine'))"
_TALLY = """
INSERT INTO quarantine_tally (gateway, items, bytes) VALUES (%s, 1, %s)
ON CONFLICT (gateway) DO UPDATE
SET items = quarantine_tally.items + 1, bytes = quarantine_tally.bytes + excluded.bytes
"""
_TALLY_DROP = """
UPDATE quarantine_tally SET items = items - %s, bytes = bytes - %s, dropped = dropped + %s
WHERE gateway = %s
"""
_QUARANTINED_BYTES = "SELECT coalesce(sum(bytes), 0)::bigint FROM quarantine_tally"
_NOISIEST = "SELECT gateway FROM quarantine_tally ORDER BY bytes DESC, gateway LIMIT 1"
_OLDEST = "SELECT id, bytes FROM quarantine WHERE gateway = %s ORDER BY id LIMIT 100"
_DROP = "DELETE FROM quarantine WHERE id = ANY(%s)"
_LISTED = """
SELECT id, floor(extract(epoch FROM received_at) * 1000)::bigint, topic, gateway, reason, bytes
"""
_NEWEST = f"""{_LISTED} FROM quarantine
WHERE coalesce(%s::text, gateway) = gateway ORDER BY id DESC LIMIT %s
"""
_ONE = f"{_LISTED}, header, body FROM quarantine WHERE id = %s"
_TALLIES = "SELECT gateway, items, bytes, dropped FROM quarantine_tally ORDER BY gateway"
_LET_GO = "DELETE FROM quarantine WHERE id = %s RETURNING gateway, bytes"


def keep_aside(cursor: Cursor[Any], items: Sequence[Quarantined], *, budget_bytes: int) -> None:
    """The oldest of whoever fills the quarantine most go first, counted."""
    if not items:
        return
    cursor.execute(_ONE_AT_A_TIME)
    for item in map(kept, items):
        _add(cursor, item)
    while (excess := _quarantined_bytes(cursor) - budget_bytes) > 0:
        _drop_oldest(cursor, excess)


def _quarantined_bytes(cursor: Cursor[Any]) -> int:
    (size,) = cursor.execute(_QUARANTINED_BYTES).fetchone() or (0,)
    return int(size)


def _add(cursor: Cursor[Any], item: Kept) -> None:
    row = (item.topic, item.gateway, item.reason, item.header, item.body, item.bytes)
    cursor.execute(_QUARANTINE, row)
    cursor.execute(_TALLY, (item.gateway, item.bytes))


def _drop_oldest(cursor: Cursor[Any], excess: int) -> None:
    (gateway,) = cursor.execute(_NOISIEST).fetchone() or ("",)
    dropped: list[int] = []
    freed = 0
    for item_id, size in cursor.execute(_OLDEST, (gateway,)).fetchall():
        dropped.append(item_id)
        freed += size
        if freed >= excess:
            break
    cursor.execute(_DROP, (dropped,))
    cursor.execute(_TALLY_DROP, (len(dropped), freed, len(dropped), gateway))


def newest(cursor: Cursor[Any], gateway: str | None, at_most: int) -> Sequence[Aside]:
    """The newest first."""
    return [read_aside(row) for row in cursor.execute(_NEWEST, (gateway, at_most)).fetchall()]


def one(cursor: Cursor[Any], number: int) -> AsideMessage | None:
    """None if it is not there."""
    row = cursor.execute(_ONE, (number,)).fetchone()
    return read_message(row) if row else None


def tallies(cursor: Cursor[Any]) -> Sequence[AsideTally]:
    """Of every gateway that ever had one."""
    rows = cursor.execute(_TALLIES).fetchall()
    return [AsideTally(gateway=g, items=i, bytes=b, dropped=d) for g, i, b, d in rows]


def let_go(cursor: Cursor[Any], number: int, *, lost: bool) -> bool:
    """Whether it was there; `lost` counts it as gone for good."""
    cursor.execute(_ONE_AT_A_TIME)
    row = cursor.execute(_LET_GO, (number,)).fetchone()
    if row:
        cursor.execute(_TALLY_DROP, (1, row[1], int(lost), row[0]))
    return row is not None
