"""What the gateways of a group state of themselves is kept in PostgreSQL in the same few steps."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from psycopg import Cursor

from broker_bridge.store import CardChange
from broker_bridge.stores.cards import KnownEpoch, Verdict, judge, named_by
from broker_bridge.stores.multiranges import to_multirange
from broker_bridge.stores.postgres_sql import arrays
from broker_bridge.stores.statements import stated, storable
from contract.messages import Holding, Status

_KNOWN_EPOCHS = """
SELECT DISTINCT s.gateway_id, s.epoch, s.sealed, s.stated_revision, s.parent_epoch
FROM unnest(%s::bigint[], %s::text[]) w (gateway_id, named)
JOIN stream s ON s.gateway_id = w.gateway_id AND w.named IN (s.epoch, s.parent_epoch)
"""
_HEARD_BEFORE = """
SELECT id FROM gateway
WHERE id = ANY(%s::bigint[]) AND (stated_at IS NOT NULL OR holding_revision > 0)
"""
_REVISE = """
UPDATE gateway g SET holding_revision = w.revision, stated_at = clock_timestamp()
FROM unnest(%s::bigint[], %s::bigint[]) w (gateway_id, revision) WHERE g.id = w.gateway_id
"""
_STATE = """
INSERT INTO stream (gateway_id, epoch, held, statement, sealed, sealed_readings, sealed_events,
    lost, parent_epoch, parent_n, boot, stated_revision)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s::int8multirange, %s, %s, %s, %s)
ON CONFLICT (gateway_id, epoch) DO UPDATE SET held = excluded.held,
    statement = CASE WHEN excluded.sealed < stream.sealed
        THEN coalesce(stream.statement, excluded.statement) ELSE excluded.statement END,
    lost = CASE WHEN excluded.sealed < stream.sealed THEN stream.lost ELSE excluded.lost END,
    stated_revision = greatest(stream.stated_revision, excluded.stated_revision),
    sealed = greatest(stream.sealed, excluded.sealed),
    sealed_readings = greatest(stream.sealed_readings, excluded.sealed_readings),
    sealed_events = greatest(stream.sealed_events, excluded.sealed_events),
    parent_epoch = coalesce(excluded.parent_epoch, stream.parent_epoch),
    parent_n = coalesce(excluded.parent_n, stream.parent_n), boot = excluded.boot
RETURNING gateway_id, id
"""
_LET_GO = """
UPDATE stream s SET held = false
FROM (SELECT gateway_id, max(stream_id) AS newest, array_agg(stream_id) AS named
    FROM unnest(%s::bigint[], %s::bigint[]) n (gateway_id, stream_id) GROUP BY gateway_id) w
WHERE s.gateway_id = w.gateway_id AND s.held AND NOT s.id = ANY(w.named)
    AND NOT (s.statement IS NULL AND s.id > w.newest)
"""
_HEAR = """
UPDATE gateway SET
    heard_at = CASE WHEN status = %(said)s THEN heard_at ELSE clock_timestamp() END,
    status = %(said)s
WHERE id = %(gateway)s
"""
# The Last Will says nothing but that: what the gateway last said of itself stays beside it.
_HEAR_OFFLINE = """
UPDATE gateway SET
    heard_at = CASE WHEN status::jsonb ->> 'state' = 'offline' THEN heard_at
        ELSE clock_timestamp() END,
    status = jsonb_set(coalesce(status, %(said)s)::jsonb, '{state}', '"offline"')::text
WHERE id = %(gateway)s
"""


def hold(
    database: Cursor[Any], holdings: Sequence[Holding], gateways: Mapping[str, int]
) -> list[CardChange | None]:
    """See `Transaction.hold`; an epoch no longer stated keeps its last statement."""
    changes: list[CardChange | None] = [None] * len(holdings)
    for turn in _turns(holdings):
        stated_now = [(gateways[holdings[at].gateway], holdings[at]) for at in turn]
        verdicts = _judge(database, stated_now)
        _keep(database, [one for one, v in zip(stated_now, verdicts, strict=True) if v.is_news])
        for at, verdict in zip(turn, verdicts, strict=True):
            changes[at] = verdict.change if verdict.is_news else None
    return changes


def hear(database: Cursor[Any], statuses: Sequence[Status], gateways: Mapping[str, int]) -> None:
    """See `Transaction.hear`; in order, but none waits for the answer to the one before."""
    with database.connection.pipeline():
        for status in statuses:
            said = storable(status.model_dump_json(exclude_none=True))
            row = {"said": said, "gateway": gateways[status.gateway]}
            database.execute(_HEAR_OFFLINE if status.state == "offline" else _HEAR, row)


def _turns(holdings: Sequence[Holding]) -> list[list[int]]:
    """Their places; of a gateway's own (two cards speak) each is judged after the one before.

    One without an epoch says nothing.
    """
    turns: dict[int, list[int]] = defaultdict(list)
    earlier: Counter[str] = Counter()
    for at, holding in enumerate(holdings):
        if not holding.epochs:
            continue
        turns[earlier[holding.gateway]].append(at)
        earlier[holding.gateway] += 1
    return list(turns.values())


def _judge(database: Cursor[Any], said: Sequence[tuple[int, Holding]]) -> list[Verdict]:
    known = defaultdict(list)
    names = [(gateway_id, name) for gateway_id, holding in said for name in named_by(holding)]
    for gateway_id, epoch, sealed, revision, parent in database.execute(
        _KNOWN_EPOCHS, arrays(names)
    ):
        known[gateway_id].append(
            KnownEpoch(epoch=epoch, sealed=sealed, revision=revision, parent=parent)
        )
    ids = [gateway_id for gateway_id, _ in said]
    heard_before = {gateway_id for (gateway_id,) in database.execute(_HEARD_BEFORE, (ids,))}
    return [
        judge(holding, known[gateway_id], heard_before=gateway_id in heard_before)
        for gateway_id, holding in said
    ]


def _keep(database: Cursor[Any], news: Sequence[tuple[int, Holding]]) -> None:
    if not news:
        return
    revisions = [(gateway_id, holding.revision) for gateway_id, holding in news]
    database.execute(_REVISE, arrays(revisions))
    rows = [row for gateway_id, holding in news for row in _rows(gateway_id, holding)]
    database.executemany(_STATE, rows, returning=True)
    named = [row for result in database.results() for row in result.fetchall()]
    database.execute(_LET_GO, arrays(named))


def _rows(gateway_id: int, holding: Holding) -> Iterator[tuple[object, ...]]:
    for epoch, said in stated(holding):
        yield (
            gateway_id,
            epoch.epoch,
            said.held,
            storable(said.statement),
            said.sealed,
            said.sealed_readings,
            said.sealed_events,
            to_multirange(said.lost),
            said.parent_epoch,
            said.parent_n,
            epoch.boot,
            holding.revision,
        )
