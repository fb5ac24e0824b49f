"""One atomic step of the ingest on SQLite, where BEGIN IMMEDIATE is the lock."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from broker_bridge.store import (
    AssetName,
    CardChange,
    Change,
    GatewayFacts,
    NewBatch,
    Quarantined,
    Rejected,
    Stream,
    StreamFacts,
    StreamName,
)
from broker_bridge.stores.balance import Account
from broker_bridge.stores.cards import KnownEpoch, Verdict, judge, named_by
from broker_bridge.stores.columns import Columns, Placed, columns_of, newest
from broker_bridge.stores.dated import BootRow, span_of
from broker_bridge.stores.events import PlacedEvent, event_row, events_of
from broker_bridge.stores.rowids import RowIds
from broker_bridge.stores.sqlite_dating import boot_of, date_boot, estimate_boots, widen_boot
from broker_bridge.stores.sqlite_hours import enter_late
from broker_bridge.stores.sqlite_quarantine import keep_aside
from broker_bridge.stores.sqlite_reads import accounts
from broker_bridge.stores.sqlite_statuses import hear
from broker_bridge.stores.statements import stated, storable
from contract.identity import AssetId, Epoch, GatewayId, Kind
from contract.messages import Holding, Origin, Status
from contract.ranges import RangeSet

_ADD_GATEWAY = "INSERT INTO gateway (name) VALUES (?) ON CONFLICT (name) DO NOTHING"
_GATEWAY_ID = "SELECT id FROM gateway WHERE name = ?"

_ADD_STREAM = """
INSERT INTO stream (gateway_id, epoch)
SELECT id, ? FROM gateway WHERE name = ?
ON CONFLICT (gateway_id, epoch) DO UPDATE SET held = 1
RETURNING id
"""
_LEDGER = "SELECT first, last FROM ledger WHERE stream_id = ? ORDER BY first"
_FORGET_RANGE = "DELETE FROM ledger WHERE stream_id = ? AND first = ?"
_ADD_RANGE = "INSERT INTO ledger (stream_id, first, last) VALUES (?, ?, ?)"

_DIGESTS = """
SELECT b.stream_id, b.n, b.sha256
FROM json_each(?) w
JOIN batch b ON b.stream_id = w.value ->> 0 AND b.n = w.value ->> 1
"""

_ASSET_NAMES = "SELECT kind, name FROM asset WHERE id IN (SELECT value FROM json_each(?))"

_ADD_ASSET = "INSERT INTO asset (kind, name) VALUES (?, ?) ON CONFLICT (kind, name) DO NOTHING"
_ASSET_ID = "SELECT id FROM asset WHERE kind = ? AND name = ?"
_ADD_QUANTITY = "INSERT INTO quantity (name) VALUES (?) ON CONFLICT (name) DO NOTHING"
_QUANTITY_ID = "SELECT id FROM quantity WHERE name = ?"

_ADD_BATCH = """
INSERT INTO batch (stream_id, n, sha256, readings, events, sealed_readings, sealed_events,
    boot_id, stored_ms, uncertainty_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (stream_id, n) DO NOTHING RETURNING id
"""
_NAME_BOOT = "UPDATE stream SET boot = ? WHERE id = ? AND boot IS NULL"
_NAME_PARENT = "UPDATE stream SET parent_epoch = ?, parent_n = ? WHERE id = ?"
_FORGET_REJECTION = "DELETE FROM rejection WHERE stream_id = ? AND n = ?"
_ADD_READING = """
INSERT INTO reading (observed_ms, value, batch_id, asset_id, quantity_id, quality)
VALUES (?, ?, ?, ?, ?, ?)
"""
_ADD_UNDATED = """
INSERT INTO undated (at_ms, value, batch_id, asset_id, quantity_id, quality, boot_id)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_RENEW_LATEST = """
INSERT INTO asset_latest (asset_id, quantity_id, observed_ms, value, quality, gateway_id)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (asset_id, quantity_id) DO UPDATE SET observed_ms = excluded.observed_ms,
    value = excluded.value, quality = excluded.quality, gateway_id = excluded.gateway_id
WHERE excluded.observed_ms > asset_latest.observed_ms
RETURNING asset_id
"""
_ADD_EVENT = """
INSERT INTO event (name, asset_id, gateway_id, batch_id, boot_id, type, phase, at_ms,
    observed_ms, time_quality, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_END_EVENT = """
UPDATE event SET ended = 1
WHERE asset_id = ?1 AND name = ?2 AND phase = 'begin' AND NOT ended AND EXISTS
    (SELECT 1 FROM event WHERE asset_id = ?1 AND name = ?2 AND phase = 'end')
"""
_REJECT = """
INSERT INTO rejection (stream_id, n, sha256, reason, rejected_ms)
SELECT ?1, ?2, ?3, ?4, ?5
WHERE NOT EXISTS (SELECT 1 FROM batch WHERE stream_id = ?1 AND n = ?2)
ON CONFLICT (stream_id, n) DO UPDATE SET sha256 = excluded.sha256, reason = excluded.reason
"""
_KNOWN = """
SELECT s.epoch, s.sealed, s.stated_revision, s.parent_epoch
FROM stream s JOIN gateway g ON g.id = s.gateway_id
WHERE g.name = ?1 AND (s.epoch IN (SELECT value FROM json_each(?2))
    OR s.parent_epoch IN (SELECT value FROM json_each(?2)))
"""
_HEARD_BEFORE = "SELECT stated_ms IS NOT NULL OR holding_revision > 0 FROM gateway WHERE name = ?"
_REVISE = "UPDATE gateway SET holding_revision = ?, stated_ms = ? WHERE name = ?"
_STATE = """
INSERT INTO stream (gateway_id, epoch, held, statement, sealed, sealed_readings, sealed_events,
    lost, parent_epoch, parent_n, boot, stated_revision)
SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM gateway WHERE name = ?
ON CONFLICT (gateway_id, epoch) DO UPDATE SET held = excluded.held,
    statement = iif(excluded.sealed < sealed, coalesce(statement, excluded.statement),
        excluded.statement),
    lost = iif(excluded.sealed < sealed, lost, excluded.lost),
    stated_revision = max(coalesce(stated_revision, 0), excluded.stated_revision),
    sealed = max(sealed, excluded.sealed),
    sealed_readings = max(sealed_readings, excluded.sealed_readings),
    sealed_events = max(sealed_events, excluded.sealed_events),
    parent_epoch = coalesce(excluded.parent_epoch, parent_epoch),
    parent_n = coalesce(excluded.parent_n, parent_n), boot = excluded.boot
RETURNING id
"""
_LET_GO = """
UPDATE stream SET held = 0
WHERE gateway_id = (SELECT id FROM gateway WHERE name = ?1) AND held = 1
    AND id NOT IN (SELECT value FROM json_each(?2))
    AND NOT (statement IS NULL AND id > (SELECT coalesce(max(value), 0) FROM json_each(?2)))
"""
_NEXT_VERSION = """
UPDATE gateway SET receipt_version = max(receipt_version + 1, ?) WHERE name = ?
RETURNING id, receipt_version
"""
_HELD = "SELECT id, epoch, sealed, lost FROM stream WHERE gateway_id = ? AND held = 1 ORDER BY id"
_REJECTIONS = "SELECT n, sha256, reason FROM rejection WHERE stream_id = ? ORDER BY n"


class SqliteTransaction:
    """See `Transaction`; open from BEGIN IMMEDIATE to the end of its `with` block."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        assets: RowIds[AssetName],
        quantities: RowIds[str],
        now_ms: int,
        quarantine_bytes: int,
    ) -> None:
        self._db = connection
        self._assets = assets
        self._quantities = quantities
        self._now_ms = now_ms
        self._quarantine_bytes = quarantine_bytes

    def lock(self, gateways: Iterable[GatewayId]) -> None:
        """See `Transaction.lock`."""
        self._db.executemany(_ADD_GATEWAY, ((name,) for name in sorted(set(gateways))))

    def streams(self, names: Iterable[StreamName]) -> Mapping[StreamName, Stream]:
        """See `Transaction.streams`; a stream that is heard of is held again."""
        return {name: self._stream(name) for name in names}

    def _stream(self, name: StreamName) -> Stream:
        gateway, epoch = name
        (stream_id,) = self._one(_ADD_STREAM, (epoch, gateway))
        return Stream(id=stream_id, committed=self._ledger(stream_id))

    def _ledger(self, stream_id: int) -> RangeSet:
        return RangeSet(self._db.execute(_LEDGER, (stream_id,)).fetchall())

    def digests(self, wanted: Iterable[tuple[Stream, int]]) -> Mapping[tuple[int, int], str]:
        """See `Transaction.digests`."""
        pairs = json.dumps([(stream.id, n) for stream, n in wanted])
        return {(stream, n): digest for stream, n, digest in self._db.execute(_DIGESTS, (pairs,))}

    def date(self, origins: Sequence[tuple[GatewayId, Origin]]) -> Change:
        """See `Transaction.date`."""
        changed: set[int] = set()
        for gateway, origin in origins:
            changed |= date_boot(self._db, self._gateway_id(gateway), origin)
        return self._change(changed)

    def estimate(self, gateway: GatewayId) -> Change:
        """See `Transaction.estimate`."""
        return self._change(estimate_boots(self._db, self._gateway_id(gateway)))

    def _change(self, assets: set[int]) -> Change:
        names = self._db.execute(_ASSET_NAMES, (json.dumps(sorted(assets)),))
        return Change(assets=frozenset((Kind(kind), AssetId(name)) for kind, name in names))

    def commit_batches(self, batches: Sequence[NewBatch]) -> Change:
        """See `Transaction.commit_batches`."""
        placed = list(self._placed(batches))
        if not placed:
            return Change()
        self._name(placed)
        self._extend_ledger(placed)
        dated, undated = columns_of(placed, self._assets.__getitem__, self._quantities.__getitem__)
        enter_late(self._db, dated)
        self._db.executemany(_ADD_READING, _rows(dated))
        self._db.executemany(_ADD_UNDATED, _rows(undated, undated.boot_id.tolist()))
        changed = self._renew_latest(newest(dated))
        events = list(events_of(placed))
        self._add_events(events)
        assets = frozenset(name for p in placed for name in _asset_names(p))
        return Change(
            assets=frozenset(name for name in assets if self._assets[name] in changed)
            | frozenset(event.asset for event in events),
            events=tuple(event.told() for event in events),
        )

    def _placed(self, batches: Sequence[NewBatch]) -> Iterator[Placed]:
        """The batches that are not there yet, each with its row written."""
        boots: dict[tuple[GatewayId, str], tuple[int, BootRow]] = {}
        for batch in batches:
            gateway, boot = batch.key.gateway, batch.body.boot
            if (gateway, boot) not in boots:
                gateway_id = self._gateway_id(gateway)
                boots[gateway, boot] = (gateway_id, boot_of(self._db, gateway_id, boot))
            gateway_id, row = boots[gateway, boot]
            span = span_of(batch.body)
            added = self._db.execute(_ADD_BATCH, self._batch_row(batch, row, span)).fetchone()
            if not added:
                continue
            if span:
                widen_boot(self._db, row.id, span, now_ms=self._now_ms)
            yield Placed(batch=batch, id=added[0], gateway_id=gateway_id, boot=row)

    def _batch_row(
        self, batch: NewBatch, boot: BootRow, span: tuple[int, int] | None
    ) -> tuple[object, ...]:
        sealed = batch.body.sealed_before + batch.body.counts
        return (
            batch.stream.id,
            batch.key.n,
            batch.sha256,
            batch.body.counts.readings,
            batch.body.counts.events,
            sealed.readings,
            sealed.events,
            boot.id,
            self._now_ms,
            boot.uncertainty_of(span),
        )

    def _name(self, placed: Sequence[Placed]) -> None:
        """Give every asset and quantity of these batches its row id."""
        assets = dict.fromkeys(name for p in placed for name in _asset_names(p))
        for name in self._assets.unknown(assets):
            self._db.execute(_ADD_ASSET, name)
            self._assets.learn({name: self._one(_ASSET_ID, name)[0]})
        quantities = dict.fromkeys(name for p in placed for name in p.batch.body.quantities)
        for quantity in self._quantities.unknown(quantities):
            self._db.execute(_ADD_QUANTITY, (quantity,))
            self._quantities.learn({quantity: self._one(_QUANTITY_ID, (quantity,))[0]})

    def _extend_ledger(self, placed: Sequence[Placed]) -> None:
        numbers = sorted((p.batch.stream.id, p.batch.key.n) for p in placed)
        for stream_id, pairs in groupby(numbers, key=lambda pair: pair[0]):
            before = self._ledger(stream_id)
            after = before | RangeSet.of(n for _, n in pairs)
            gone = set(before.ranges) - set(after.ranges)
            come = set(after.ranges) - set(before.ranges)
            self._db.executemany(_FORGET_RANGE, ((stream_id, first) for first, _ in gone))
            self._db.executemany(_ADD_RANGE, ((stream_id, *numbers) for numbers in come))
        self._db.executemany(_FORGET_REJECTION, numbers)
        boots = {(p.batch.body.boot, p.batch.stream.id) for p in placed}
        self._db.executemany(_NAME_BOOT, sorted(boots))
        parents = ((p.batch.body.parent, p.batch.stream.id) for p in placed)
        self._db.executemany(
            _NAME_PARENT, ((parent.epoch, parent.n, stream) for parent, stream in parents if parent)
        )

    def _renew_latest(self, newest_of: Columns) -> set[int]:
        rows = zip(
            newest_of.asset_id.tolist(),
            newest_of.quantity_id.tolist(),
            newest_of.time_ms.tolist(),
            newest_of.value.tolist(),
            newest_of.quality.tolist(),
            newest_of.gateway_id.tolist(),
            strict=True,
        )
        return {id_ for row in rows for (id_,) in self._db.execute(_RENEW_LATEST, row)}

    def _add_events(self, events: Sequence[PlacedEvent]) -> None:
        asset_id = self._assets.__getitem__
        self._db.executemany(_ADD_EVENT, [event_row(event, asset_id) for event in events])
        pairs = {(asset_id(event.asset), event.event.id) for event in events}
        self._db.executemany(_END_EVENT, sorted(pairs))

    def reject(self, rejections: Sequence[Rejected]) -> None:
        """See `Transaction.reject`."""
        self._db.executemany(
            _REJECT,
            ((r.stream.id, r.n, r.sha256, storable(r.reason), self._now_ms) for r in rejections),
        )

    def quarantine(self, items: Sequence[Quarantined]) -> None:
        """See `Transaction.quarantine`."""
        keep_aside(self._db, items, now_ms=self._now_ms, budget_bytes=self._quarantine_bytes)

    def hold(self, holdings: Sequence[Holding]) -> Sequence[CardChange | None]:
        """See `Transaction.hold`; an epoch no longer stated keeps its last statement."""
        return [self._hold(holding) for holding in holdings]

    def _hold(self, holding: Holding) -> CardChange | None:
        verdict = self._judge(holding)
        if not verdict.is_news:
            return None
        self._db.execute(_REVISE, (holding.revision, self._now_ms, holding.gateway))
        named = []
        for epoch, said in stated(holding):
            row = (
                epoch.epoch,
                said.held,
                said.statement,
                said.sealed,
                said.sealed_readings,
                said.sealed_events,
                json.dumps(said.lost.ranges),
                said.parent_epoch,
                said.parent_n,
                epoch.boot,
                holding.revision,
                holding.gateway,
            )
            named.append(self._one(_STATE, row)[0])
        self._db.execute(_LET_GO, (holding.gateway, json.dumps(named)))
        return verdict.change

    def _judge(self, holding: Holding) -> Verdict:
        rows = self._db.execute(_KNOWN, (holding.gateway, json.dumps(named_by(holding))))
        known = [
            KnownEpoch(epoch=epoch, sealed=sealed, revision=revision, parent=parent)
            for epoch, sealed, revision, parent in rows
        ]
        (heard_before,) = self._one(_HEARD_BEFORE, (holding.gateway,))
        return judge(holding, known, heard_before=bool(heard_before))

    def accounts(self, gateway: GatewayId) -> Sequence[Account]:
        """What is known of each of its streams."""
        return list(accounts(self._db, self._one(_GATEWAY_ID, (gateway,))[0]))

    def hear(self, statuses: Sequence[Status]) -> None:
        """See `Transaction.hear`."""
        for status in statuses:
            hear(self._db, status, now_ms=self._now_ms)

    def facts(self, gateways: Iterable[GatewayId]) -> Sequence[GatewayFacts]:
        """See `Transaction.facts`; the oldest stream first."""
        return [self._facts(gateway) for gateway in gateways]

    def _facts(self, gateway: GatewayId) -> GatewayFacts:
        gateway_id, version = self._one(_NEXT_VERSION, (self._now_ms, gateway))
        held = self._db.execute(_HELD, (gateway_id,)).fetchall()
        streams = tuple(self._stream_facts(*row) for row in held)
        return GatewayFacts(gateway=gateway, version=version, streams=streams)

    def _stream_facts(self, stream_id: int, epoch: str, sealed: int, lost: str) -> StreamFacts:
        committed = self._ledger(stream_id)
        rejected = tuple(self._db.execute(_REJECTIONS, (stream_id,)).fetchall())
        closed = RangeSet.of(n for n, _, _ in rejected) | committed
        return StreamFacts(
            epoch=Epoch(epoch),
            last=max(sealed, closed.ranges[-1][1] if closed else 0),
            committed=committed,
            rejected=rejected,
            lost=RangeSet(map(tuple, json.loads(lost))) - closed,
        )

    def _gateway_id(self, gateway: GatewayId) -> int:
        return int(self._one(_GATEWAY_ID, (gateway,))[0])

    def _one(self, sql: str, parameters: Sequence[object] = ()) -> Sequence[int]:
        row: Sequence[int] = self._db.execute(sql, tuple(parameters)).fetchone()
        return row


def _asset_names(placed: Placed) -> Iterator[AssetName]:
    return ((kind, name) for name, kind in placed.batch.body.assets)


def _rows(columns: Columns, *more: list[int]) -> Iterator[tuple[object, ...]]:
    return zip(
        columns.time_ms.tolist(),
        columns.value.tolist(),
        columns.batch_id.tolist(),
        columns.asset_id.tolist(),
        columns.quantity_id.tolist(),
        columns.quality.tolist(),
        *more,
        strict=True,
    )
