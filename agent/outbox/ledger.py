"""What the gateway knows of every number it sealed: open, settled, rejected, evicted or lost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.outbox.records import EpochRecord, EpochUpdate, Gone, NewBatch, Victims
from contract.identity import BootId, Epoch
from contract.messages import Counts, EpochReceipt, Parent, Receipt, Rejection
from contract.ranges import Range, RangeSet

EMPTY = RangeSet()


class EpochLedger:
    """The numbers of one epoch; only the newest epoch of a card grows."""

    def __init__(self, record: EpochRecord) -> None:
        self.id: int = record.id
        self.epoch: Epoch = record.epoch
        self.boot: BootId = record.boot
        self.parent: Parent | None = record.parent
        self.sealed: int = record.sealed
        self.counts: Counts = record.counts
        self.held: RangeSet = record.held
        self.events: RangeSet = record.events
        self.settled: RangeSet = record.settled
        self.rejected: RangeSet = record.rejected
        self.gone: list[Gone] = list(record.gone)

    @property
    def open(self) -> RangeSet:
        """Numbers that are on the card and not closed by the city."""
        return self.held - self.settled - self.rejected

    def add(self, batch: NewBatch) -> None:
        """Take up a batch that is durable on the card."""
        number = RangeSet([(batch.n, batch.n)])
        self.sealed = max(self.sealed, batch.n)
        self.counts = self.counts + batch.counts
        self.held |= number
        if batch.counts.events:
            self.events |= number

    def remove(self, gone: Iterable[Gone]) -> None:
        """Forget what left the card; `gone` is the card's whole record of it."""
        self.gone = merge_gone(gone)
        self.held -= RangeSet(item.numbers for item in self.gone)

    def settle(self, receipt: EpochReceipt | None) -> list[Rejection]:
        """Believe the receipt in its interval; returns rejections whose hash is to be checked."""
        spoken, committed = self._spoken(receipt)
        self.settled = (self.settled - spoken) | (self.held & committed)
        claims = [] if receipt is None else [r for r in receipt.rejected if r.n in self.held]
        self.rejected -= spoken - RangeSet.of(claim.n for claim in claims)
        self.rejected -= self.settled
        return [c for c in claims if c.n not in self.settled and c.n not in self.rejected]

    def _spoken(self, receipt: EpochReceipt | None) -> tuple[RangeSet, RangeSet]:
        if receipt is None:
            return RangeSet([(1, max(self.sealed, 1))]), EMPTY
        spoken = RangeSet([(receipt.first, receipt.last)])
        return spoken, RangeSet(receipt.committed) & spoken

    def update(self) -> EpochUpdate:
        """What the card should remember of the city's word."""
        return EpochUpdate(epoch_id=self.id, settled=self.settled, rejected=self.rejected)


def merge_gone(gone: Iterable[Gone]) -> list[Gone]:
    """Neighbouring ranges of the same state and reason become one."""
    merged: list[Gone] = []
    for item in sorted(gone, key=lambda item: item.numbers):
        last = merged[-1] if merged else None
        if last and last.numbers[1] + 1 == item.numbers[0] and _same_fate(last, item):
            merged[-1] = Gone(
                state=last.state,
                numbers=(last.numbers[0], item.numbers[1]),
                counts=last.counts + item.counts,
                reason=last.reason,
                from_ms=min(last.from_ms, item.from_ms),
                to_ms=max(last.to_ms, item.to_ms),
            )
        else:
            merged.append(item)
    return merged


def _same_fate(left: Gone, right: Gone) -> bool:
    return (left.state, left.reason) == (right.state, right.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The city says a held batch can never be taken; its hash decides whether it means ours."""

    ledger: EpochLedger
    rejection: Rejection


class Ledger:
    """All epochs of the card, oldest first; the last one is this run's."""

    def __init__(self, records: Iterable[EpochRecord], *, receipt_version: int = 0) -> None:
        self.epochs: list[EpochLedger] = [EpochLedger(record) for record in records]
        self.receipt_version = receipt_version
        self._dirty: set[int] = set()
        self._by_name = {ledger.epoch: ledger for ledger in self.epochs}

    @property
    def current(self) -> EpochLedger:
        """The epoch that is being sealed into."""
        return self.epochs[-1]

    def of(self, epoch: Epoch) -> EpochLedger:
        """The ledger of an epoch of this card."""
        return self._by_name[epoch]

    def by_id(self, epoch_id: int) -> EpochLedger:
        """The ledger of an epoch by its row."""
        return next(ledger for ledger in self.epochs if ledger.id == epoch_id)

    def settle(self, receipt: Receipt) -> list[Claim]:
        """Apply the city's whole statement; an older one than the last is ignored."""
        if receipt.version < self.receipt_version:
            return []
        self.receipt_version = receipt.version
        named = {statement.epoch: statement for statement in receipt.epochs}
        claims: list[Claim] = []
        for ledger in self.epochs:
            before = ledger.settled, ledger.rejected
            claims += [
                Claim(ledger=ledger, rejection=rejection)
                for rejection in ledger.settle(named.get(ledger.epoch))
            ]
            if before != (ledger.settled, ledger.rejected):
                self._dirty.add(ledger.id)
        return claims

    def reject(self, ledger: EpochLedger, n: int) -> None:
        """Close a number whose bytes the city has shown to be the rejected ones."""
        ledger.rejected |= RangeSet([(n, n)])
        self._dirty.add(ledger.id)

    def updates(self) -> tuple[EpochUpdate, ...]:
        """What changed since the last commit, for the next one."""
        return tuple(ledger.update() for ledger in self.epochs if ledger.id in self._dirty)

    def written(self, updates: Iterable[EpochUpdate]) -> None:
        """These updates are durable; ones that changed again meanwhile stay due."""
        for update in updates:
            if self.by_id(update.epoch_id).update() == update:
                self._dirty.discard(update.epoch_id)

    def open_batches(self) -> int:
        """How many batches wait for the city."""
        return sum(len(ledger.open) for ledger in self.epochs)

    def victims(self, count: int, handed: "Handed") -> tuple[Victims, ...]:
        """Up to `count` batches to give up, the least valuable first."""
        return tuple(_as_victims(_ranked(self.epochs, handed), count))


Handed = dict[int, RangeSet]
FULL = "outbox full"


def _ranked(epochs: list[EpochLedger], handed: Handed) -> Iterator[tuple[EpochLedger, int, bool]]:
    """Every held number, least valuable first, with whether it is unsettled."""
    for ledger in epochs:
        closed = ledger.held & (ledger.settled | ledger.rejected)
        yield from ((ledger, n, False) for n in closed)
    for was_handed in (False, True):
        for stride in (2, 4, 8, 16, 1):
            for ledger in epochs:
                yield from _thinned(ledger, handed.get(ledger.id, EMPTY), was_handed, stride)
    for ledger in epochs:
        yield from ((ledger, n, True) for n in ledger.open & ledger.events)


def _thinned(
    ledger: EpochLedger, handed: RangeSet, was_handed: bool, stride: int
) -> Iterator[tuple[EpochLedger, int, bool]]:
    """Every `stride`-th unsettled batch of readings; with a stride of 1, whatever is left."""
    live = ledger.open - ledger.events
    pool = live & handed if was_handed else live - handed
    phase = stride // 2
    yield from ((ledger, n, True) for n in pool if n % stride == phase or stride == 1)


def _as_victims(ranked: Iterator[tuple[EpochLedger, int, bool]], count: int) -> Iterator[Victims]:
    chosen: set[tuple[int, int]] = set()
    for ledger, n, unsettled in ranked:
        if len(chosen) == count:
            return
        if (ledger.id, n) in chosen:
            continue
        chosen.add((ledger.id, n))
        yield Victims(
            epoch_id=ledger.id,
            numbers=(n, n),
            state="lost" if unsettled else "evicted",
            reason=_reason(ledger, n, unsettled),
        )


def _reason(ledger: EpochLedger, n: int, unsettled: bool) -> str:
    if unsettled:
        return FULL
    return "rejected" if n in ledger.rejected else "settled"


def open_runs(ledger: EpochLedger) -> tuple[Range, ...]:
    """The unsettled numbers of an epoch as ranges."""
    return ledger.open.ranges
