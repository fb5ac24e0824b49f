"""A group of messages becomes one transaction: committed once, or named with the reason why not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from broker_bridge.errors import StoreGone, StoreRefused
from broker_bridge.inbound import (
    Arrived,
    GoodBatch,
    GoodHolding,
    GoodStatus,
    Inbound,
    Poison,
    read,
)
from broker_bridge.language import mark
from broker_bridge.receipts import receipt
from broker_bridge.store import (
    CardChange,
    Change,
    NewBatch,
    Quarantined,
    Rejected,
    Store,
    Stream,
    StreamName,
    Transaction,
)
from contract.codec import Header
from contract.identity import AssetId, BootId, GatewayId, Kind
from contract.messages import AssetEvent, Holding, Origin, Receipt, Status
from contract.readings import Phase
from contract.topics import Topics

# Columns of so many readings take some 20 MB; a group of hostile bodies could hold 4,000,000.
MAX_TRANSACTION_READINGS = 100_000
RECEIPTS_A_TRANSACTION = 200
MAX_QUARANTINED_FIELDS = 32
MAX_QUARANTINED_CHARS = 1_000
MAX_REASON_CHARS = 200
NUMBER_CLASH = "numberClash"
CARDS: Mapping[CardChange, str] = {
    "cardReplaced": "another card speaks for the gateway",
    "cardCloned": "a copy of a card, or an old image of it, speaks for the gateway",
}

# An origin outside 2000 to 2200 is a clock that was never set.
EARLIEST_ORIGIN_MS = 946_684_800_000
LATEST_ORIGIN_MS = 7_258_118_400_000

_Ledger = Mapping[StreamName, Stream]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A message that went to quarantine; `final` if its number is rejected for good."""

    gateway: GatewayId | None
    reason: str
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What to tell, now that it is durable."""

    receipts: tuple[Receipt, ...] = ()
    change: Change = field(default_factory=Change)
    statuses: tuple[Status, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    committed: int = 0
    readings: int = 0
    duplicates: int = 0
    newest_ms: int | None = None  # observed, UTC, of all its batches that are dated

    def __add__(self, later: "Outcome") -> "Outcome":
        """Both, with only the later receipt of a gateway."""
        newer = {receipt.gateway for receipt in later.receipts}
        return Outcome(
            receipts=(*(r for r in self.receipts if r.gateway not in newer), *later.receipts),
            change=_both(self.change, later.change),
            statuses=self.statuses + later.statuses,
            refusals=self.refusals + later.refusals,
            committed=self.committed + later.committed,
            readings=self.readings + later.readings,
            duplicates=self.duplicates + later.duplicates,
            newest_ms=max(filter(None, (self.newest_ms, later.newest_ms)), default=None),
        )


class Ingest:
    """The city's side of the protocol; it does no I/O but through the store it is given."""

    def __init__(self, store: Store, topics: Topics) -> None:
        self._store = store
        self._topics = topics

    def take(self, group: Sequence[Arrived]) -> Outcome:
        """All of the group is durable, or in quarantine; may be repeated after any failure.

        Raises StoreGone; then nothing may be acknowledged.
        """
        outcome = Outcome()
        for part in self._parts(group):
            outcome += self._settle(part)
        return outcome

    def receipts(self) -> Iterator[Sequence[Receipt]]:
        """The receipts of all known gateways, a transaction at a time; raises StoreGone."""
        gateways = self._store.gateways()
        for at in range(0, len(gateways), RECEIPTS_A_TRANSACTION):
            some = gateways[at : at + RECEIPTS_A_TRANSACTION]
            with self._store.transaction() as transaction:
                transaction.lock(some)
                facts = transaction.facts(some)
            yield [receipt(each) for each in facts]

    def estimate(self, gateway: GatewayId) -> Change:
        """Boots of it that will never learn their origin get a place; raises StoreGone."""
        try:
            with self._store.transaction() as transaction:
                transaction.lock([gateway])
                return transaction.estimate(gateway)
        except StoreRefused:  # times that no calendar has: they stay undated, and are counted so
            return Change()

    def _parts(self, group: Sequence[Arrived]) -> Iterator[list[Inbound]]:
        part: list[Inbound] = []
        readings = 0
        for arrived in group:
            item = read(arrived, self._topics)
            if item is None:
                continue
            part.append(item)
            readings += item.body.counts.readings if isinstance(item, GoodBatch) else 0
            if readings >= MAX_TRANSACTION_READINGS:
                yield part
                part, readings = [], 0
        if part:
            yield part

    def _settle(self, items: Sequence[Inbound]) -> Outcome:
        """Halves the group until whatever the store refuses stands alone."""
        try:
            return self._commit(items)
        except StoreRefused as refusal:
            if len(items) == 1:
                return self._settle_alone(items[0], refusal)
        middle = len(items) // 2
        return self._settle(items[:middle]) + self._settle(items[middle:])

    def _settle_alone(self, item: Inbound, refusal: StoreRefused) -> Outcome:
        if isinstance(item, Poison):
            raise StoreGone(
                mark("the store refuses even what it should only keep aside: {why}"),
                hint=mark("check the store; the message waits until then"),
                why=refusal,
            ) from refusal
        if isinstance(item, GoodBatch) and item.header.origin:
            # The hash does not cover the origin: without it, the readings may be good.
            return self._settle([replace(item, header=replace(item.header, origin=None))])
        return self._settle([_refused(item, refusal)])

    def _commit(self, items: Sequence[Inbound]) -> Outcome:
        batches = [item for item in items if isinstance(item, GoodBatch)]
        holdings = _newest_holdings(items)
        statuses = [item.status for item in items if isinstance(item, GoodStatus)]
        poison = [item for item in items if isinstance(item, Poison)]
        final = [(item.final, item.reason) for item in poison if item.final]
        numbered = [*(batch.header for batch in batches), *(header for header, _ in final)]
        answered = {*(h.key.gateway for h in numbered), *(h.holding.gateway for h in holdings)}

        with self._store.transaction() as transaction:
            transaction.lock(sorted(answered | {status.gateway for status in statuses}))
            ledger = transaction.streams(sorted({_stream_name(header) for header in numbered}))
            fresh, duplicates, clashes = _sift(batches, ledger, transaction)
            dated = transaction.date(_origins(batches, holdings))
            stored = transaction.commit_batches(fresh)
            transaction.reject([_rejected(header, reason, ledger) for header, reason in final])
            poison += map(_clash, clashes)
            transaction.quarantine([_quarantined(item) for item in poison])
            cards = transaction.hold([item.holding for item in holdings])
            transaction.hear(statuses)
            facts = transaction.facts(sorted(answered))
        return Outcome(
            receipts=tuple(receipt(each) for each in facts),
            change=_both(
                _both(dated, stored),
                Change(events=(*map(_clash_event, clashes), *_card_events(holdings, cards))),
            ),
            statuses=tuple(statuses),
            refusals=tuple(map(_refusal, poison)),
            committed=len(fresh),
            readings=sum(batch.body.counts.readings for batch in fresh),
            duplicates=duplicates,
            newest_ms=_newest_ms(batches),
        )


def _newest_ms(batches: Iterable[GoodBatch]) -> int | None:
    """When the newest reading of all was observed, as far as their senders know."""
    dated = (b for b in batches if b.header.origin and b.body.offset_ms)
    return max((_last_ms(one) for one in dated), default=None)


def _last_ms(batch: GoodBatch) -> int:
    origin_ms = batch.header.origin.origin_ms if batch.header.origin else 0
    return origin_ms + batch.body.base_ms + max(batch.body.offset_ms)


def _sift(
    batches: Sequence[GoodBatch], ledger: _Ledger, transaction: Transaction
) -> tuple[list[NewBatch], int, list[GoodBatch]]:
    """New batches, the count of those known by number and hash, and those known by number alone."""
    placed = [(ledger[_stream_name(batch.header)], batch) for batch in batches]
    committed = [(s, b.header.key.n) for s, b in placed if b.header.key.n in s.committed]
    known = dict(transaction.digests(committed)) if committed else {}
    taken: set[tuple[int, int]] = set()
    fresh: list[NewBatch] = []
    clashes: list[GoodBatch] = []
    for stream, batch in placed:
        key, sha256 = batch.header.key, batch.header.sha256
        before = known.setdefault((stream.id, key.n), sha256)
        if before != sha256:
            clashes.append(batch)
        elif key.n not in stream.committed and (stream.id, key.n) not in taken:
            taken.add((stream.id, key.n))
            fresh.append(NewBatch(stream=stream, key=key, sha256=sha256, body=batch.body))
    return fresh, len(batches) - len(fresh) - len(clashes), clashes


def _clash(batch: GoodBatch) -> Poison:
    key = batch.header.key
    return Poison(
        arrived=batch.arrived,
        gateway=key.gateway,
        reason=f"n={key.n} of epoch {key.epoch} is committed with another hash",
    )


def _clash_event(batch: GoodBatch) -> AssetEvent:
    """Two cards that are one gateway; its id is the same however often the batch is sent."""
    key = batch.header.key
    return AssetEvent(
        id=f"{NUMBER_CLASH}:{key.epoch}:{key.n}:{batch.header.sha256[:16]}",
        asset=AssetId(key.gateway),
        kind=Kind.GATEWAY,
        gateway=key.gateway,
        type=NUMBER_CLASH,
        phase=Phase.BEGIN,
        observed_at=None,
        time_quality=None,
        detail=f"n={key.n} of epoch {key.epoch} came again with other readings",
    )


def _card_events(
    holdings: Sequence[GoodHolding], changes: Sequence[CardChange | None]
) -> Iterator[AssetEvent]:
    for item, change in zip(holdings, changes, strict=True):
        if change:
            yield _card_event(item.holding, change)


def _card_event(holding: Holding, change: CardChange) -> AssetEvent:
    """The card in the gateway is not the one that was heard last."""
    epoch = holding.epochs[-1].epoch
    return AssetEvent(
        id=f"{change}:{epoch}",
        asset=AssetId(holding.gateway),
        kind=Kind.GATEWAY,
        gateway=holding.gateway,
        type=change,
        phase=Phase.BEGIN,
        observed_at=None,
        time_quality=None,
        detail=f"{CARDS[change]} since epoch {epoch}",
    )


def _refused(item: GoodBatch | GoodHolding | GoodStatus, refusal: StoreRefused) -> Poison:
    reason = f"the store refuses it: {refusal}"
    if isinstance(item, GoodBatch):
        gateway = item.header.key.gateway
        return Poison(arrived=item.arrived, gateway=gateway, reason=reason, final=item.header)
    statement = item.holding if isinstance(item, GoodHolding) else item.status
    return Poison(arrived=item.arrived, gateway=statement.gateway, reason=reason)


def _newest_holdings(items: Sequence[Inbound]) -> list[GoodHolding]:
    """Of each run of a gateway, in the order they came: runs of two cards cannot be compared."""
    newest: dict[tuple[GatewayId, str], GoodHolding] = {}
    for item in items:
        if isinstance(item, GoodHolding) and item.holding.epochs:
            run = item.holding.gateway, item.holding.epochs[-1].epoch
            before = newest.setdefault(run, item)
            if before.holding.revision <= item.holding.revision:
                newest[run] = item
    return list(newest.values())


def _origins(
    batches: Iterable[GoodBatch], holdings: Iterable[GoodHolding]
) -> list[tuple[GatewayId, Origin]]:
    """The highest revision of each boot, whichever message brought it, in a fixed order."""
    newest: dict[tuple[GatewayId, BootId], Origin] = {}
    stated = [(h.holding.gateway, origin) for h in holdings for origin in h.holding.origins]
    sent = [(b.header.key.gateway, b.header.origin) for b in batches if b.header.origin]
    for gateway, origin in (*stated, *sent):
        if EARLIEST_ORIGIN_MS <= origin.origin_ms <= LATEST_ORIGIN_MS:
            before = newest.setdefault((gateway, origin.boot), origin)
            if before.revision < origin.revision:
                newest[gateway, origin.boot] = origin
    return [(gateway, newest[gateway, boot]) for gateway, boot in sorted(newest)]


def _rejected(header: Header, reason: str, ledger: _Ledger) -> Rejected:
    return Rejected(
        stream=ledger[_stream_name(header)],
        n=header.key.n,
        sha256=header.sha256,
        reason=_storable(reason, MAX_REASON_CHARS),
    )


def _quarantined(item: Poison) -> Quarantined:
    fields = [*item.arrived.header][:MAX_QUARANTINED_FIELDS]
    return Quarantined(
        topic=_storable(item.arrived.topic, MAX_QUARANTINED_CHARS),
        gateway=GatewayId(_storable(item.gateway, MAX_QUARANTINED_CHARS)) if item.gateway else None,
        reason=_storable(item.reason, MAX_REASON_CHARS),
        header=tuple((_storable(k, 100), _storable(v, MAX_QUARANTINED_CHARS)) for k, v in fields),
        body=item.arrived.payload,
    )


def _storable(text: str, max_chars: int) -> str:
    """PostgreSQL takes no NUL in a text, and a quarantine must take everything."""
    return text[:max_chars].replace("\0", "\N{REPLACEMENT CHARACTER}")


def _refusal(item: Poison) -> Refusal:
    return Refusal(gateway=item.gateway, reason=item.reason, final=item.final is not None)


def _stream_name(header: Header) -> StreamName:
    return header.key.gateway, header.key.epoch


def _both(earlier: Change, later: Change) -> Change:
    return Change(assets=earlier.assets | later.assets, events=earlier.events + later.events)
