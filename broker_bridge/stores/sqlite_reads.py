"""What SQLite answers to the feed, the operator and the judge."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from broker_bridge.store import AssetName, Balance
from broker_bridge.stores.balance import Account, Sheet, Tally
from broker_bridge.stores.moments import rfc3339
from broker_bridge.stores.statements import Answer
from broker_bridge.stores.states import EventRow, LatestRow, states_of
from contract.identity import AssetId, Epoch, GatewayId, Kind
from contract.messages import AssetState, EpochHolding, GatewayState, Status
from contract.ranges import RangeSet

_LATEST = """
SELECT a.kind, a.name, a.registered, g.name, l.observed_ms, q.name, q.unit, l.value, l.quality
FROM json_each(?) w
JOIN asset a ON a.kind = w.value ->> 0 AND a.name = w.value ->> 1 AND NOT a.retired
JOIN asset_latest l ON l.asset_id = a.id
JOIN quantity q ON q.id = l.quantity_id
JOIN gateway g ON g.id = l.gateway_id
"""
_EVENTS = """
SELECT a.kind, a.name, a.registered, g.name, e.observed_ms, e.name, e.type, e.detail,
    e.phase = 'end' OR e.ended
FROM json_each(?) w
JOIN asset a ON a.kind = w.value ->> 0 AND a.name = w.value ->> 1 AND NOT a.retired
JOIN event e ON e.asset_id = a.id AND (e.phase = 'begin' AND NOT e.ended
    OR e.id = (SELECT max(id) FROM event WHERE asset_id = a.id))
JOIN gateway g ON g.id = e.gateway_id
ORDER BY e.id
"""
_STATUSES = """
SELECT name, registered, heard_ms, status FROM gateway
WHERE status IS NOT NULL AND NOT retired AND name IN (SELECT value FROM json_each(?)) ORDER BY name
"""
_GATEWAYS = """
SELECT g.id, g.name, g.holding_revision, g.stated_ms,
    (SELECT count(*) FROM undated u JOIN boot b ON b.id = u.boot_id WHERE b.gateway_id = g.id)
FROM gateway g ORDER BY g.name
"""
_STREAMS = """
SELECT s.id, s.epoch, coalesce(s.boot, ''), b.origin_ms, s.stated_revision, s.statement, s.sealed,
    s.sealed_readings, s.sealed_events
FROM stream s LEFT JOIN boot b ON b.gateway_id = s.gateway_id AND b.boot = s.boot
WHERE s.gateway_id = ? ORDER BY s.id
"""
_LEDGER = "SELECT first, last FROM ledger WHERE stream_id = ?"
_REJECTED = "SELECT n, n FROM rejection WHERE stream_id = ?"
_TOP = """
SELECT n, sealed_readings, sealed_events FROM batch
WHERE stream_id = ? ORDER BY n DESC LIMIT 1
"""
_COUNTS = """
SELECT coalesce(sum(readings), 0), coalesce(sum(events), 0) FROM batch
WHERE stream_id = ? AND n BETWEEN ? AND ?
"""


def gateways(connection: sqlite3.Connection) -> list[GatewayId]:
    """Sorted."""
    return [
        GatewayId(name) for (name,) in connection.execute("SELECT name FROM gateway ORDER BY 1")
    ]


def asset_names(connection: sqlite3.Connection) -> list[AssetName]:
    """Sorted."""
    rows = connection.execute("SELECT kind, name FROM asset ORDER BY kind, name")
    return [(Kind(kind), AssetId(name)) for kind, name in rows]


def asset_states(connection: sqlite3.Connection, assets: Sequence[AssetName]) -> list[AssetState]:
    """Of those that have any dated reading or event."""
    wanted = json.dumps(assets)
    latest = [LatestRow(*row) for row in connection.execute(_LATEST, (wanted,))]
    heard = [EventRow(*row) for row in connection.execute(_EVENTS, (wanted,))]
    return states_of(latest, heard)


def gateway_states(
    connection: sqlite3.Connection, gateways: Sequence[GatewayId]
) -> list[GatewayState]:
    """Of those that ever told a status."""
    return [
        GatewayState(
            gateway=GatewayId(name),
            registered=bool(registered),
            heard_at=rfc3339(heard_ms),
            status=Status.model_validate_json(status),
        )
        for name, registered, heard_ms, status in connection.execute(
            _STATUSES, (json.dumps(gateways),)
        )
    ]


def balance(connection: sqlite3.Connection) -> list[Balance]:
    """One of each gateway, in the order of their names."""
    sheets = []
    for gateway_id, name, revision, stated_ms, undated in connection.execute(_GATEWAYS).fetchall():
        sheet = Sheet()
        for account in accounts(connection, gateway_id):
            sheet.enter(account)
        balance = sheet.balance(
            GatewayId(name), undated=undated, revision=revision, stated_ms=stated_ms
        )
        sheets.append(balance)
    return sheets


def accounts(connection: sqlite3.Connection, gateway_id: int) -> Iterator[Account]:
    """Of each stream of a gateway, the oldest first."""
    for row in connection.execute(_STREAMS, (gateway_id,)).fetchall():
        yield _account(connection, row)


def _account(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Account:
    stream_id, epoch, boot, origin_ms, revision, statement, stated, *stated_sealed = row
    top, *top_sealed = connection.execute(_TOP, (stream_id,)).fetchone() or (0, 0, 0)

    def counts_between(first: int, last: int) -> Tally:
        return Tally(*connection.execute(_COUNTS, (stream_id, first, last)).fetchone())

    return Account(
        epoch=Epoch(epoch),
        boot=boot,
        origin_ms=origin_ms,
        revision=revision,
        statement=EpochHolding.model_validate_json(statement) if statement else None,
        stated=stated,
        stated_sealed=Tally(*stated_sealed),
        top=top,
        top_sealed=Tally(*top_sealed),
        committed=RangeSet(connection.execute(_LEDGER, (stream_id,)).fetchall()),
        committed_counts=counts_between(1, top),
        rejected=RangeSet(connection.execute(_REJECTED, (stream_id,)).fetchall()),
        counts_between=counts_between,
    )


def query(connection: sqlite3.Connection, sql: str, parameters: Sequence[object]) -> Answer:
    """One statement that writes nothing."""
    connection.execute("PRAGMA query_only = ON")
    try:
        cursor = connection.execute(sql, tuple(parameters))
        columns = tuple(column[0] for column in cursor.description or ())
        return Answer(columns=columns, rows=tuple(cursor.fetchall()))
    finally:
        connection.execute("PRAGMA query_only = OFF")
