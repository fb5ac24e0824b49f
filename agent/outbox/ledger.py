"""What the gateway knows of every number it sealed: open, settled, rejected, evicted or lost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.outbox.records import EpochRecord, EpochUpdate, Gone, NewBatch, NewLoss, Victims
from contract.identity import BootId, Epoch
from contract.messages import (
    MAX_EPOCHS,
    Counts,
    EpochReceipt,
    Parent,
    Receipt,
    Rejection,
)
from contract.ranges import RangeSet

EMPTY = RangeSet()
# Thinning cuts the card's numbers into at most so many lost pieces; with what lies between them and
# one range for each other epoch they fit the 500 ranges of a receipt.
MAX_PIECES = 100


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

    def skip(self, loss: NewLoss) -> None:
        """A number was used up for what was never sealed; the card's record of it is `gone`."""
        self.sealed = max(self.sealed, loss.n)
        self.counts = self.counts + loss.shed.counts

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
        stated = {ledger.epoch for ledger in self.worth_stating()}
        claims: list[Claim] = []
        for ledger in self.epochs:
            if ledger.epoch not in named and ledger.epoch not in stated:
                continue
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

    def worth_stating(self) -> list[EpochLedger]:
        """As many epochs as a statement takes, in order; the city speaks of no others.

        This run's, then the oldest that wait for the city, then those that lost something, then
        the newest that hold something.
        """

        def worth(ledger: EpochLedger) -> tuple[bool, bool, bool, bool, int]:
            waits = bool(ledger.open)
            lost = any(item.state == "lost" for item in ledger.gone)
            order = ledger.id if waits else -ledger.id
            return ledger is not self.current, not waits, not lost, not ledger.held, order

        chosen = sorted(self.epochs, key=worth)[:MAX_EPOCHS]
        return sorted(chosen, key=lambda ledger: ledger.id)

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
    run = _run_length(epochs)
    for was_handed in (False, True):
        for stride in (2, 4, 8, 16, 1):
            for ledger in epochs:
                pool = _live(ledger, handed.get(ledger.id, EMPTY), was_handed)
                yield from ((ledger, n, True) for n in _thinned(pool, run, stride))
    for ledger in epochs:
        yield from ((ledger, n, True) for n in ledger.open & ledger.events)


def _run_length(epochs: list[EpochLedger]) -> int:
    """How many neighbours go together: 1 at first, doubling as more numbers are to be thinned."""
    spans = [(ranges[0][0], ranges[-1][1]) for one in epochs if (ranges := one.open.ranges)]
    extent = sum(last - first + 1 for first, last in spans)
    run = 1
    while extent > 2 * MAX_PIECES * run:
        run *= 2
    return run


def _live(ledger: EpochLedger, handed: RangeSet, was_handed: bool) -> RangeSet:
    live = ledger.open - ledger.events
    return live & handed if was_handed else live - handed


def _thinned(pool: RangeSet, run: int, stride: int) -> Iterator[int]:
    """Every `stride`-th run of these numbers; with a stride of 1, whatever is left."""
    phase = stride // 2
    yield from (n for n in pool if n // run % stride == phase or stride == 1)


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
