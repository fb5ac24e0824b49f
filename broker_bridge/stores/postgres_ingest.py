"""One atomic step of the ingest on PostgreSQL, where the gateway's row is the lock."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from psycopg import Cursor

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
from broker_bridge.stores import postgres_dating as dating
from broker_bridge.stores import postgres_sql as q
from broker_bridge.stores import postgres_stating as stating
from broker_bridge.stores.balance import Account
from broker_bridge.stores.columns import Columns, Placed, columns_of, newest
from broker_bridge.stores.dated import BootRow, span_of
from broker_bridge.stores.events import PlacedEvent, event_row, events_of
from broker_bridge.stores.hours import Kept
from broker_bridge.stores.multiranges import from_multirange, to_multirange
from broker_bridge.stores.postgres_hours import enter_late, kept_for_now, months_with_raw
from broker_bridge.stores.postgres_quarantine import keep_aside
from broker_bridge.stores.postgres_reads import accounts
from broker_bridge.stores.postgres_rows import (
    Month,
    copy_dated,
    copy_undated,
    make_months,
    months_of,
)
from broker_bridge.stores.rowids import RowIds
from broker_bridge.stores.statements import storable
from contract.identity import AssetId, Epoch, GatewayId, Kind
from contract.messages import Holding, Origin, Status
from contract.ranges import RangeSet


class PostgresTransaction:
    """See `Transaction`; READ COMMITTED, so that what a lock waited for is then seen."""

    def __init__(
        self,
        cursor: Cursor[Any],
        *,
        assets: RowIds[AssetName],
        quantities: RowIds[str],
        months: RowIds[Month],
        quarantine_bytes: int,
    ) -> None:
        self._db = cursor
        self._assets = assets
        self._quantities = quantities
        self._months = months
        self._quarantine_bytes = quarantine_bytes
        self._gateways: dict[str, int] = {}

    def lock(self, gateways: Iterable[GatewayId]) -> None:
        """See `Transaction.lock`."""
        names = sorted(set(gateways))
        if names:
            self._db.execute(q.ADD_GATEWAYS, (names,))
            self._gateways.update(self._db.execute(q.LOCK_GATEWAYS, (names,)).fetchall())

    def streams(self, names: Iterable[StreamName]) -> Mapping[StreamName, Stream]:
        """See `Transaction.streams`; a stream that is heard of is held again."""
        wanted = sorted(set(names))
        if not wanted:
            return {}
        gateways = [self._gateways[gateway] for gateway, _ in wanted]
        epochs = [epoch for _, epoch in wanted]
        self._db.execute(q.ADD_STREAMS, (gateways, epochs))
        self._db.execute(q.HOLD_STREAMS, (gateways, epochs))
        rows = self._db.execute(q.STREAMS, (gateways, epochs)).fetchall()
        return {
            (GatewayId(gateway), Epoch(epoch)): Stream(id=id_, committed=from_multirange(committed))
            for gateway, epoch, id_, committed in rows
        }

    def digests(self, wanted: Iterable[tuple[Stream, int]]) -> Mapping[tuple[int, int], str]:
        """See `Transaction.digests`."""
        pairs = [(stream.id, n) for stream, n in wanted]
        rows = self._db.execute(q.DIGESTS, ([s for s, _ in pairs], [n for _, n in pairs]))
        return {(stream, n): digest for stream, n, digest in rows}

    def date(self, origins: Sequence[tuple[GatewayId, Origin]]) -> Change:
        """See `Transaction.date`."""
        changed: set[int] = set()
        for boot_id in dating.believe(self._db, [(self._gateways[g], o) for g, o in origins]):
            changed |= self._move(boot_id, estimated=False)
        return self._change(changed)

    def estimate(self, gateway: GatewayId) -> Change:
        """See `Transaction.estimate`."""
        changed: set[int] = set()
        for place in dating.place_boots(self._db, self._gateways[gateway]):
            changed |= self._move(place.id, estimated=True)
        return self._change(changed)

    def _move(self, boot_id: int, *, estimated: bool) -> set[int]:
        so_far = kept_for_now(self._db)
        self._make_months(dating.months_to_move(self._db, boot_id), so_far)
        return dating.move(self._db, boot_id, announced_ms=so_far.announced_ms, estimated=estimated)

    def _change(self, assets: set[int]) -> Change:
        if not assets:
            return Change()
        names = self._db.execute(q.ASSET_NAMES, (sorted(assets),)).fetchall()
        return Change(assets=frozenset((Kind(kind), AssetId(name)) for kind, name in names))

    def commit_batches(self, batches: Sequence[NewBatch]) -> Change:
        """See `Transaction.commit_batches`."""
        placed = self._placed(batches)
        if not placed:
            return Change()
        self._name(placed)
        self._extend_ledger(placed)
        dated, undated = columns_of(placed, self._assets.__getitem__, self._quantities.__getitem__)
        so_far = kept_for_now(self._db)
        self._make_months(months_of(dated), so_far)
        enter_late(self._db, dated, so_far)
        copy_dated(self._db, dated)
        copy_undated(self._db, undated)
        changed = self._renew_latest(newest(dated))
        events = list(events_of(placed))
        self._add_events(events)
        assets = frozenset(name for p in placed for name in _asset_names(p))
        return Change(
            assets=frozenset(name for name in assets if self._assets[name] in changed)
            | frozenset(event.asset for event in events),
            events=tuple(event.told() for event in events),
        )

    def _placed(self, batches: Sequence[NewBatch]) -> list[Placed]:
        """The batches that are not there yet, each with its row written."""
        names = {(self._gateways[b.key.gateway], b.body.boot) for b in batches}
        boots = dating.boots_of(self._db, names)
        rows = [_batch_row(b, boots[self._gateways[b.key.gateway], b.body.boot]) for b in batches]
        if not rows:
            return []
        added = self._db.execute(q.ADD_BATCHES, q.arrays(rows)).fetchall()
        ids = {(stream_id, n): id_ for id_, stream_id, n in added}
        placed = list(self._place(batches, ids, boots))
        spans = ((one.boot.id, span_of(one.batch.body)) for one in placed)
        dating.widen_boots(self._db, [(boot_id, span) for boot_id, span in spans if span])
        return placed

    def _place(
        self,
        batches: Sequence[NewBatch],
        ids: dict[tuple[int, int], int],
        boots: Mapping[dating.BootName, BootRow],
    ) -> Iterator[Placed]:
        for batch in batches:
            row = ids.pop((batch.stream.id, batch.key.n), None)
            if row is not None:
                gateway_id = self._gateways[batch.key.gateway]
                boot = boots[gateway_id, batch.body.boot]
                yield Placed(batch=batch, id=row, gateway_id=gateway_id, boot=boot)

    def _name(self, placed: Sequence[Placed]) -> None:
        """Give every asset and quantity of these batches its row id."""
        assets = dict.fromkeys(name for p in placed for name in _asset_names(p))
        if unknown := sorted(self._assets.unknown(assets)):
            columns = ([kind.value for kind, _ in unknown], [name for _, name in unknown])
            self._db.execute(q.ADD_ASSETS, columns)
            rows = self._db.execute(q.ASSETS, columns).fetchall()
            self._assets.learn({(Kind(kind), AssetId(name)): id_ for kind, name, id_ in rows})
        quantities = dict.fromkeys(name for p in placed for name in p.batch.body.quantities)
        if names := sorted(self._quantities.unknown(quantities)):
            self._db.execute(q.ADD_QUANTITIES, (names,))
            self._quantities.learn(dict(self._db.execute(q.QUANTITIES, (names,)).fetchall()))

    def _extend_ledger(self, placed: Sequence[Placed]) -> None:
        numbers: dict[int, list[int]] = defaultdict(list)
        boots: dict[int, str] = {}
        for one in placed:
            numbers[one.batch.stream.id].append(one.batch.key.n)
            boots.setdefault(one.batch.stream.id, one.batch.body.boot)
        streams = sorted(numbers)
        ranges = [to_multirange(RangeSet.of(sorted(numbers[stream]))) for stream in streams]
        self._db.execute(q.EXTEND_LEDGER, (streams, ranges, [boots[id_] for id_ in streams]))
        closed = [(stream, n) for stream in streams for n in numbers[stream]]
        self._db.execute(q.FORGET_REJECTIONS, q.arrays(closed))
        parents = [(one.batch.body.parent, one.batch.stream.id) for one in placed]
        if named := [(parent.epoch, parent.n, stream) for parent, stream in parents if parent]:
            self._db.executemany(q.NAME_PARENT, named)

    def _make_months(self, months: set[Month], so_far: Kept) -> None:
        unknown = set(self._months.unknown(months_with_raw(months, so_far)))
        make_months(self._db, unknown)
        self._months.learn(dict.fromkeys(unknown, 0))

    def _renew_latest(self, newest_of: Columns) -> set[int]:
        if not len(newest_of):
            return set()
        rows = self._db.execute(
            q.RENEW_LATEST,
            (
                newest_of.asset_id.tolist(),
                newest_of.quantity_id.tolist(),
                newest_of.time_ms.tolist(),
                newest_of.value.tolist(),
                newest_of.quality.tolist(),
                newest_of.gateway_id.tolist(),
            ),
        )
        return {asset_id for (asset_id,) in rows}

    def _add_events(self, events: Sequence[PlacedEvent]) -> None:
        if not events:
            return
        asset_id = self._assets.__getitem__
        self._db.executemany(q.ADD_EVENT, [event_row(event, asset_id) for event in events])
        pairs = sorted({(asset_id(event.asset), event.event.id) for event in events})
        self._db.executemany(q.END_EVENT, [{"asset": asset, "name": name} for asset, name in pairs])

    def reject(self, rejections: Sequence[Rejected]) -> None:
        """See `Transaction.reject`."""
        for one in rejections:
            reason = storable(one.reason)
            self._db.execute(
                q.REJECT,
                {"stream": one.stream.id, "n": one.n, "sha256": one.sha256, "reason": reason},
            )

    def quarantine(self, items: Sequence[Quarantined]) -> None:
        """See `Transaction.quarantine`."""
        keep_aside(self._db, items, budget_bytes=self._quarantine_bytes)

    def hold(self, holdings: Sequence[Holding]) -> Sequence[CardChange | None]:
        """See `Transaction.hold`."""
        return stating.hold(self._db, holdings, self._gateways)

    def accounts(self, gateway: GatewayId) -> Sequence[Account]:
        """What is known of each of its streams."""
        return list(accounts(self._db, self._gateways[gateway]))

    def hear(self, statuses: Sequence[Status]) -> None:
        """See `Transaction.hear`."""
        if statuses:
            stating.hear(self._db, statuses, self._gateways)

    def facts(self, gateways: Iterable[GatewayId]) -> Sequence[GatewayFacts]:
        """See `Transaction.facts`; the oldest stream first."""
        ids = [self._gateways[gateway] for gateway in gateways]
        if not ids:
            return []
        versions = self._db.execute(q.NEXT_VERSIONS, (ids,)).fetchall()
        rejections: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
        for stream_id, n, sha256, reason in self._db.execute(q.REJECTIONS, (ids,)):
            rejections[stream_id].append((n, sha256, reason))
        streams: dict[int, list[StreamFacts]] = defaultdict(list)
        for gateway_id, stream_id, epoch, sealed, committed, lost in self._db.execute(
            q.HELD, (ids,)
        ):
            streams[gateway_id].append(
                _stream_facts(
                    epoch,
                    sealed,
                    from_multirange(committed),
                    from_multirange(lost),
                    tuple(rejections[stream_id]),
                )
            )
        return [
            GatewayFacts(
                gateway=GatewayId(name), version=version, streams=tuple(streams[gateway_id])
            )
            for gateway_id, name, version in sorted(versions, key=lambda row: str(row[1]))
        ]


def _batch_row(batch: NewBatch, boot: BootRow) -> tuple[object, ...]:
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
        boot.uncertainty_of(span_of(batch.body)),
    )


def _stream_facts(
    epoch: str,
    sealed: int,
    committed: RangeSet,
    lost: RangeSet,
    rejected: tuple[tuple[int, str, str], ...],
) -> StreamFacts:
    closed = RangeSet.of(n for n, _, _ in rejected) | committed
    return StreamFacts(
        epoch=Epoch(epoch),
        last=max(sealed, closed.ranges[-1][1] if closed else 0),
        committed=committed,
        rejected=rejected,
        lost=lost - closed,
    )


def _asset_names(placed: Placed) -> Iterator[AssetName]:
    return ((kind, name) for name, kind in placed.batch.body.assets)
