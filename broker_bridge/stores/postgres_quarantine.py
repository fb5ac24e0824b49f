"""What could not be taken stays in PostgreSQL within a budget; the noisiest gateway pays for it."""

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

from broker_bridge.store import Quarantined
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
