"""The newest status of each gateway on SQLite, and since when it is so."""

import sqlite3

from contract.messages import Status

_HEAR = """
UPDATE gateway SET
    heard_ms = CASE WHEN status = :said THEN heard_ms ELSE :now_ms END, status = :said
WHERE name = :gateway
"""
# The Last Will says nothing but that: what the gateway last said of itself stays beside it.
_HEAR_OFFLINE = """
UPDATE gateway SET
    heard_ms = CASE WHEN json_extract(status, '$.state') = 'offline' THEN heard_ms
        ELSE :now_ms END,
    status = json_set(coalesce(status, :said), '$.state', 'offline')
WHERE name = :gateway
"""


def hear(connection: sqlite3.Connection, status: Status, *, now_ms: int) -> None:
    """See `Transaction.hear`."""
    said = status.model_dump_json(exclude_none=True)
    row = {"said": said, "now_ms": now_ms, "gateway": status.gateway}
    connection.execute(_HEAR_OFFLINE if status.state == "offline" else _HEAR, row)
