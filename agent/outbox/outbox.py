"""The outbox: seals rounds, settles them by the city's receipts, and states what it holds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from agent.errors import OutboxDamaged, OutboxFailed
from agent.learned import Learned
from agent.outbox.ledger import EpochLedger, Handed, Ledger
from agent.outbox.records import (
    Commit,
    Contents,
    NewBatch,
    NewLoss,
    Shed,
    Stored,
    Tally,
    Victims,
    Written,
)
from contract.codec import Key, encode_body, sha256_of
from contract.identity import AssetId, BootId, Epoch, GatewayId
from contract.messages import (
    MAX_RANGES,
    Counts,
    EpochHolding,
    HeldRange,
    HeldState,
    Holding,
    Origin,
    Receipt,
)
from contract.ranges import Range, RangeSet
from contract.readings import Event, Reading

_T = TypeVar("_T")
VICTIMS_A_ROUND = 64
# However often a full card refuses a round, no more are given up for it: others may have filled it.
VICTIMS_AT_MOST = 256
LEAST_ROOM_BYTES = 512 << 10  # for the longest round there is
EMPTY = RangeSet()


class Card(Protocol):
    """The file's side, as the outbox uses it."""

    def write(self, commit: Commit) -> Written:
        """One round, whole or not at all."""
        ...

    def bodies(self, epoch_id: int, numbers: Iterable[Range]) -> list[Stored]:
        """Batches read back for sending."""
        ...

    def tally(self, epoch_id: int, numbers: Range) -> Tally:
        """What a held range holds."""
        ...


class InOneThread(Protocol):
    """Runs a call where the card may block; calls never overlap."""

    def __call__(self, call: Callable[[], _T]) -> Awaitable[_T]:
        """The call's result."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch ready to be sent."""

    key: Key
    sha256: str
    body: bytes
    counts: Counts
    boot: BootId


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The backlog; `oldest_ms` is of this boot's clock, 0 if it is from an earlier boot."""

    batches: int
    counts: Counts
    oldest_ms: int | None


class Outbox:
    """One gateway's batches; decisions here, bytes on the card."""

    def __init__(
        self,
        card: Card,
        contents: Contents,
        *,
        gateway: GatewayId,
        budget_bytes: int,
        reserve_bytes: int,
        in_thread: InOneThread,
        statements: int = 0,
    ) -> None:
        self.gateway = gateway
        self.ledger = Ledger(contents.epochs, receipt_version=contents.receipt_version)
        self.handed: Handed = {}
        self.used_bytes = contents.used_bytes
        self.room_bytes = contents.room_bytes
        self.origins: dict[BootId, Origin] = {origin.boot: origin for origin in contents.origins}
        self._card = card
        self._budget_bytes = budget_bytes
        self._reserve_bytes = reserve_bytes
        self._in_thread = in_thread
        self._steady = asyncio.Lock()  # nothing leaves the card while it is being counted
        self._statements = statements
        self._unwritten: tuple[Origin, ...] = ()
        self._draft: Commit | None = None

    async def seal(
        self,
        readings: Sequence[Reading],
        events: Sequence[Event] = (),
        *,
        open_events: tuple[Event, ...] | None = None,
        learned: Mapping[AssetId, Learned] | None = None,
        shed: Shed | None = None,
    ) -> NewBatch | None:
        """One round in one durable commit; raises OutboxFailed with nothing half done.

        What was `shed` before it is named as lost under a number of its own.

        After a failure the same batch stays drafted and `retry` must succeed first: the commit may
        have reached the card, and then the same number must name the same bytes.
        """
        if self._draft:
            raise OutboxFailed("the last round is not sealed yet")
        loss = self._new_loss(shed) if shed else None
        batch = self._new_batch(readings, events, loss) if readings or events else None
        self._draft = self._commit(batch, loss, open_events, learned)
        return await self.retry()

    async def retry(self) -> NewBatch | None:
        """Write the drafted round, if there is one; returns the batch that is now durable."""
        async with self._steady:
            draft = self._draft
            if draft is None:
                return None
            written = await self._in_thread(lambda: self._card.write(draft))
            self._draft = None
            self._written(draft, written)
            return draft.batch

    @property
    def drafted(self) -> bool:
        """Whether a round waits for the card."""
        return self._draft is not None

    def _new_loss(self, shed: Shed) -> NewLoss:
        ledger = self.ledger.current
        return NewLoss(epoch_id=ledger.id, n=ledger.sealed + 1, shed=shed)

    def _new_batch(
        self, readings: Sequence[Reading], events: Sequence[Event], loss: NewLoss | None
    ) -> NewBatch:
        ledger = self.ledger.current
        n = ledger.sealed + (2 if loss else 1)
        before = ledger.counts + loss.shed.counts if loss else ledger.counts
        body = encode_body(
            readings,
            events,
            boot=ledger.boot,
            sealed_before=before,
            parent=None if ledger.sealed else ledger.parent,
        )
        times = [item.at_ms for item in readings] + [item.at_ms for item in events]
        return NewBatch(
            epoch_id=ledger.id,
            n=n,
            counts=Counts(readings=len(readings), events=len(events)),
            before=before,
            from_ms=min(times),
            to_ms=max(times),
            sha256=sha256_of(self._key(ledger, n), body),
            body=body,
        )

    def _key(self, ledger: EpochLedger, n: int) -> Key:
        return Key(gateway=self.gateway, epoch=ledger.epoch, n=n)

    def _commit(
        self,
        batch: NewBatch | None,
        loss: NewLoss | None,
        open_events: tuple[Event, ...] | None,
        learned: Mapping[AssetId, Learned] | None,
    ) -> Commit:
        least = max(self._reserve_bytes, LEAST_ROOM_BYTES)
        full = self.used_bytes > self._budget_bytes or self.room_bytes < least
        return Commit(
            batch=batch,
            loss=loss,
            victims=self._victims() if full else (),
            updates=self.ledger.updates(),
            receipt_version=self.ledger.receipt_version,
            origins=self._unwritten,
            open_events=open_events,
            learned=learned,
        )

    def _written(self, commit: Commit, written: Written) -> None:
        self.used_bytes, self.room_bytes = written.used_bytes, written.room_bytes
        if commit.loss:
            self.ledger.by_id(commit.loss.epoch_id).skip(commit.loss)
        for epoch_id, gone in written.gone:
            self.ledger.by_id(epoch_id).remove(gone)
        if commit.batch:
            self.ledger.by_id(commit.batch.epoch_id).add(commit.batch)
        self.ledger.written(commit.updates)
        self.origins.update((origin.boot, origin) for origin in commit.origins)
        self._unwritten = tuple(o for o in self._unwritten if o not in commit.origins)

    def make_room(self) -> None:
        """Let the drafted round give up old batches, because the card is full."""
        if self._draft and len(self._draft.victims) < VICTIMS_AT_MOST:
            # An earlier try may have got through.
            both = dict.fromkeys([*self._draft.victims, *self._victims()])
            self._draft = replace(self._draft, victims=tuple(both))

    def _victims(self) -> tuple[Victims, ...]:
        """A sixteenth of what is held: on a small card a round's usual number would be all."""
        held = sum(len(ledger.held) for ledger in self.ledger.epochs)
        return self.ledger.victims(min(VICTIMS_A_ROUND, 1 + held // 16), self.handed)

    def date(self, origin: Origin) -> None:
        """A boot's UTC origin as known now; durable with the next round."""
        self._unwritten = (*self._unwritten, origin)

    def latest_origin(self, boot: BootId) -> Origin | None:
        """What is known of a boot, durable or not; only what is durable may be told to others.

        A revision that a crash took back would be used a second time, and the city keeps the first.
        """
        unwritten = (origin for origin in reversed(self._unwritten) if origin.boot == boot)
        return next(unwritten, self.origins.get(boot))

    async def settle(self, receipt: Receipt) -> None:
        """Believe the city; a rejection only if it names the very bytes we hold."""
        for claim in self.ledger.settle(receipt):
            ledger, n = claim.ledger, claim.rejection.n
            stored = await self._read(ledger, [(n, n)])
            if stored and stored[0].sha256 == claim.rejection.sha256:
                self.ledger.reject(ledger, n)

    async def batches(self, epoch: Epoch, numbers: Iterable[int]) -> list[Batch]:
        """Batches to send, marked as handed over; ones that left the card are left out."""
        ledger = self.ledger.of(epoch)
        wanted = RangeSet.of(numbers)
        async with self._steady:
            there = await self._read(ledger, wanted.ranges)
            if len(there) < len(wanted & ledger.held):
                raise OutboxDamaged(f"batches of epoch {epoch} are held and cannot be found")
        stored = [item for item in there if self._is_sound(ledger, item)]
        self.handed[ledger.id] = self.handed.get(ledger.id, EMPTY) | wanted
        return [
            Batch(
                key=self._key(ledger, item.n),
                sha256=item.sha256,
                body=item.body,
                counts=item.counts,
                boot=ledger.boot,
            )
            for item in stored
        ]

    def _is_sound(self, ledger: EpochLedger, item: Stored) -> bool:
        if sha256_of(self._key(ledger, item.n), item.body) == item.sha256:
            return True
        raise OutboxDamaged(f"batch {item.n} of epoch {ledger.epoch} does not match its hash")

    async def _read(self, ledger: EpochLedger, numbers: Iterable[Range]) -> list[Stored]:
        return await self._in_thread(lambda: self._card.bodies(ledger.id, numbers))

    async def holding(self) -> Holding:
        """The statement of everything sealed, held and gone; its revision grows with each call."""
        self._statements += 1
        async with self._steady:
            plans = [_plan(ledger) for ledger in self.ledger.worth_stating()]
            tallies = await self._in_thread(lambda: [self._tallies(plan) for plan in plans])
        boots = dict.fromkeys(plan.ledger.boot for plan in plans)
        return Holding(
            gateway=self.gateway,
            revision=self.ledger.current.id << 24 | self._statements,
            origins=[self.origins[boot] for boot in boots if boot in self.origins],
            epochs=[_state(plan, tally) for plan, tally in zip(plans, tallies, strict=True)],
        )

    def _tallies(self, plan: "_Plan") -> list[Tally]:
        return [self._card.tally(plan.ledger.id, numbers) for _, numbers in plan.held]

    async def waiting(self) -> Waiting:
        """What the city has not closed yet."""
        async with self._steady:
            opened = [(it, numbers) for it in self.ledger.epochs for numbers in it.open.ranges]
            tallies = await self._in_thread(
                lambda: [self._card.tally(ledger.id, numbers) for ledger, numbers in opened]
            )
        here = [
            tally.from_ms
            for (ledger, _), tally in zip(opened, tallies, strict=True)
            if ledger.boot == self.ledger.current.boot
        ]
        return Waiting(
            batches=self.ledger.open_batches(),
            counts=sum((tally.counts for tally in tallies), Counts()),
            oldest_ms=0 if opened and len(here) < len(opened) else min(here, default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    ledger: EpochLedger
    sealed: int
    sealed_counts: Counts
    held: tuple[tuple[HeldState, Range], ...]
    gone: tuple[HeldRange, ...]


def _plan(ledger: EpochLedger) -> _Plan:
    """A statement of one epoch as of now, to be filled in with counts from the card."""
    states: tuple[tuple[HeldState, RangeSet], ...] = (
        ("open", ledger.open),
        ("settled", ledger.held & ledger.settled),
        ("rejected", ledger.held & ledger.rejected),
    )
    held = [(state, numbers) for state, members in states for numbers in members.ranges]
    gone = [
        HeldRange(
            state=item.state, first=item.numbers[0], last=item.numbers[1], counts=item.counts,
            reason=item.reason, from_ms=item.from_ms, to_ms=item.to_ms,
        )
        for item in ledger.gone
    ]  # fmt: skip
    return _Plan(
        ledger=ledger,
        sealed=ledger.sealed,
        sealed_counts=ledger.counts,
        held=tuple(sorted(held, key=lambda item: item[1])),
        gone=tuple(gone),
    )


def _state(plan: _Plan, tallies: list[Tally]) -> EpochHolding:
    held = [
        HeldRange(
            state=state, first=numbers[0], last=numbers[1], counts=tally.counts,
            from_ms=tally.from_ms, to_ms=tally.to_ms,
        )
        for (state, numbers), tally in zip(plan.held, tallies, strict=True)
    ]  # fmt: skip
    ranges = sorted([*held, *plan.gone], key=lambda item: item.first)
    return EpochHolding(
        epoch=plan.ledger.epoch,
        boot=plan.ledger.boot,
        parent=plan.ledger.parent,
        sealed=plan.sealed,
        sealed_counts=plan.sealed_counts,
        ranges=ranges[:MAX_RANGES],
    )
