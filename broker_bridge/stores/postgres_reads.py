"""What PostgreSQL answers to the feed, the operator and the judge."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from psycopg import Cursor

from broker_bridge.store import AssetName, Balance
from broker_bridge.stores.balance import Account, Sheet, Tally
from broker_bridge.stores.moments import ms_of, rfc3339
from broker_bridge.stores.multiranges import from_multirange
from broker_bridge.stores.states import EventRow, LatestRow, states_of
from contract.identity import AssetId, Epoch, GatewayId, Kind
from contract.messages import AssetState, EpochHolding, GatewayState, Status
from contract.ranges import RangeSet

_MS = "(extract(epoch FROM {at}) * 1000)::bigint"
_LATEST = f"""
SELECT a.kind, a.name, a.registered, g.name, {_MS.format(at="l.observed_at")}, q.name, q.unit,
    l.value, l.quality
FROM unnest(%s::text[], %s::text[]) w (kind, name)
JOIN asset a ON a.kind = w.kind AND a.name = w.name AND NOT a.retired
JOIN asset_latest l ON l.asset_id = a.id
JOIN quantity q ON q.id = l.quantity_id
JOIN gateway g ON g.id = l.gateway_id
"""  # noqa: S608 - made of constants
_EVENTS = f"""
SELECT a.kind, a.name, a.registered, g.name, {_MS.format(at="e.observed_at")}, e.name, e.type,
    e.detail, e.phase = 'end' OR e.ended
FROM unnest(%s::text[], %s::text[]) w (kind, name)
JOIN asset a ON a.kind = w.kind AND a.name = w.name AND NOT a.retired
JOIN event e ON e.asset_id = a.id AND (e.phase = 'begin' AND NOT e.ended
    OR e.id = (SELECT max(id) FROM event WHERE asset_id = a.id))
JOIN gateway g ON g.id = e.gateway_id
ORDER BY e.id
"""  # noqa: S608 - made of constants
_STATUSES = """
SELECT name, registered, heard_at, status FROM gateway
WHERE status IS NOT NULL AND NOT retired AND name = ANY(%s::text[]) ORDER BY name
"""
_GATEWAYS = """
SELECT g.id, g.name, g.holding_revision, (extract(epoch FROM g.stated_at) * 1000)::bigint,
    (SELECT count(*) FROM undated u JOIN boot b ON b.id = u.boot_id WHERE b.gateway_id = g.id)
FROM gateway g ORDER BY g.name
"""
_STREAMS = """
SELECT s.id, s.epoch, coalesce(s.boot, ''), b.origin_ms, s.stated_revision, s.statement, s.sealed,
    s.committed, s.sealed_readings, s.sealed_events
FROM stream s LEFT JOIN boot b ON b.gateway_id = s.gateway_id AND b.boot = s.boot
WHERE s.gateway_id = %s ORDER BY s.id
"""
_REJECTED = "SELECT n FROM rejection WHERE stream_id = %s"
_TOP = """
SELECT n, sealed_readings, sealed_events FROM batch
WHERE stream_id = %s ORDER BY n DESC LIMIT 1
"""
_COUNTS = """
SELECT coalesce(sum(readings), 0)::bigint, coalesce(sum(events), 0)::bigint FROM batch
WHERE stream_id = %s AND n BETWEEN %s AND %s
"""


def gateways(cursor: Cursor[Any]) -> list[GatewayId]:
    """Sorted as every program sorts, whatever the database's collation."""
    rows = cursor.execute('SELECT name FROM gateway ORDER BY name COLLATE "C"')
    return [GatewayId(name) for (name,) in rows]


def asset_names(cursor: Cursor[Any]) -> list[AssetName]:
    """Sorted."""
    rows = cursor.execute("SELECT kind, name FROM asset ORDER BY kind, name")
    return [(Kind(kind), AssetId(name)) for kind, name in rows]


def asset_states(cursor: Cursor[Any], assets: Sequence[AssetName]) -> list[AssetState]:
    """Of those that have any dated reading or event."""
    wanted = ([kind.value for kind, _ in assets], [name for _, name in assets])
    latest = [LatestRow(*row) for row in cursor.execute(_LATEST, wanted)]
    heard = [EventRow(*row) for row in cursor.execute(_EVENTS, wanted)]
    return states_of(latest, heard)


def gateway_states(cursor: Cursor[Any], gateways: Sequence[GatewayId]) -> list[GatewayState]:
    """Of those that ever told a status."""
    return [
        GatewayState(
            gateway=GatewayId(name),
            registered=registered,
            heard_at=_instant(heard_at),
            status=Status.model_validate_json(status),
        )
        for name, registered, heard_at, status in cursor.execute(_STATUSES, (list(gateways),))
    ]


def balance(cursor: Cursor[Any]) -> list[Balance]:
    """One of each gateway, in the order of their names."""
    sheets = []
    for gateway_id, name, revision, stated_ms, undated in cursor.execute(_GATEWAYS).fetchall():
        sheet = Sheet()
        for account in accounts(cursor, gateway_id):
            sheet.enter(account)
        balance = sheet.balance(
            GatewayId(name), undated=undated, revision=revision, stated_ms=stated_ms
        )
        sheets.append(balance)
    return sheets


def accounts(cursor: Cursor[Any], gateway_id: int) -> Iterator[Account]:
    """Of each stream of a gateway, the oldest first."""
    for row in cursor.execute(_STREAMS, (gateway_id,)).fetchall():
        yield _account(cursor, row)


def _account(cursor: Cursor[Any], row: tuple[Any, ...]) -> Account:
    stream_id, epoch, boot, origin_ms, revision, statement, stated, committed, *stated_sealed = row
    top, *top_sealed = cursor.execute(_TOP, (stream_id,)).fetchone() or (0, 0, 0)

    def counts_between(first: int, last: int) -> Tally:
        counts = cursor.execute(_COUNTS, (stream_id, first, last)).fetchone() or (0, 0)
        return Tally(*counts)

    rejected = cursor.execute(_REJECTED, (stream_id,)).fetchall()
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
        committed=from_multirange(committed),
        committed_counts=counts_between(1, top),
        rejected=RangeSet.of(n for (n,) in rejected),
        counts_between=counts_between,
    )


def _instant(moment: datetime) -> str:
    return rfc3339(ms_of(moment))
