"""The balance of one stream: every sealed reading and event is put under exactly one heading."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from broker_bridge.store import Balance, Hole
from contract.identity import Epoch, GatewayId
from contract.messages import OUTBOX_DAMAGED, Counts, EpochHolding, HeldState
from contract.ranges import RangeSet

GONE = frozenset({"lost", "evicted"})


class Tally(NamedTuple):
    """Readings and events; unlike Counts, a difference may be negative."""

    readings: int = 0
    events: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """The sum."""
        return Tally(self.readings + other.readings, self.events + other.events)

    def minus(self, other: "Tally") -> "Tally":
        """The difference."""
        return Tally(self.readings - other.readings, self.events - other.events)

    def at_least(self, other: "Tally") -> "Tally":
        """Neither less than the other's."""
        return Tally(max(self.readings, other.readings), max(self.events, other.events))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the store knows of one stream; `top` is the highest number committed."""

    epoch: Epoch
    boot: str
    origin_ms: int | None
    revision: int | None  # of the statement
    statement: EpochHolding | None
    stated: int
    stated_sealed: Tally
    top: int
    top_sealed: Tally
    committed: RangeSet
    committed_counts: Tally
    rejected: RangeSet
    counts_between: Callable[[int, int], Tally]


@dataclass(slots=True)
class Sheet:
    """One gateway's sums over its streams."""

    sealed: Tally = field(default_factory=Tally)
    committed: Tally = field(default_factory=Tally)
    held: Tally = field(default_factory=Tally)
    rejected: Tally = field(default_factory=Tally)
    lost: Tally = field(default_factory=Tally)
    holes: list[Hole] = field(default_factory=list)
    _parents: list[str | None] = field(default_factory=list)

    def enter(self, account: Account) -> None:
        """Add one stream: committed over rejected over lost over held."""
        self.sealed = self.sealed.plus(_sealed(account))
        self.committed = self.committed.plus(account.committed_counts)
        for claim in _apportioned(account):
            self._settle(account, claim)
        self.holes += _unnamed(account)
        if account.statement and (account.statement.sealed or not account.statement.parent):
            parent = account.statement.parent
            self._parents.append(parent.epoch if parent else None)

    @property
    def _cards(self) -> int:
        """Each first epoch is a card's, and each further child of one parent is a copy's."""
        firsts = self._parents.count(None)
        children = [parent for parent in self._parents if parent]
        return max(firsts, 1) + len(children) - len(set(children))

    def _settle(self, account: Account, claim: "Claim") -> None:
        numbers, counts = (claim.first, claim.last), claim.counts
        open_numbers = _open_numbers(account, claim)
        if not open_numbers:
            return
        rest = counts
        if len(open_numbers) <= numbers[1] - numbers[0]:
            rest = counts.minus(account.counts_between(*numbers))
        # A statement counts a range, not each number of it; a range in which only some numbers
        # are rejected is told apart by the gateway's next statement.
        if not open_numbers - account.rejected:
            self.rejected = self.rejected.plus(rest)
            self.holes.append(_hole(account, claim, open_numbers, "rejected", rest))
        elif claim.state in GONE:
            self.lost = self.lost.plus(rest)
            self.holes.append(_hole(account, claim, open_numbers, "lost", rest))
        else:
            self.held = self.held.plus(rest)

    def balance(
        self, gateway: GatewayId, *, undated: int, revision: int, stated_ms: int | None
    ) -> Balance:
        """The sheet, closed."""
        return Balance(
            gateway=gateway,
            sealed=_counts(self.sealed),
            committed=_counts(self.committed),
            held=_counts(self.held),
            rejected=_counts(self.rejected),
            lost=_counts(self.lost),
            undated=undated,
            stated_revision=revision,
            stated_ms=stated_ms,
            cards=self._cards,
            holes=tuple(self.holes),
        )


def _sealed(account: Account) -> Tally:
    """The statement's, or where they go further, the batches' own numbers."""
    if account.top > account.stated:
        return Tally(
            max(account.stated_sealed.readings, account.top_sealed.readings),
            max(account.stated_sealed.events, account.top_sealed.events),
        )
    return account.stated_sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the gateway says of a range of its numbers; times of their boot's clock."""

    state: HeldState
    first: int
    last: int
    counts: Tally
    reason: str = ""
    from_ms: int | None = None
    to_ms: int | None = None

    @property
    def has_time(self) -> bool:
        """A range that nobody could read has none."""
        return bool(self.to_ms)

    @property
    def is_guessed(self) -> bool:
        """Nobody could read it, or it is the word of a row that was damaged itself."""
        return self.state == "lost" and (not self.has_time or self.reason == OUTBOX_DAMAGED)


def claims(account: Account) -> Iterator[Claim]:
    """What the gateway says of its numbers; those sealed since its last statement it still has.

    What it evicted was settled; where the store has it no more, both copies are gone.
    """
    for held in account.statement.ranges if account.statement else ():
        yield Claim(
            state=held.state, first=held.first, last=held.last,
            counts=Tally(held.counts.readings, held.counts.events), reason=held.reason,
            from_ms=held.from_ms, to_ms=held.to_ms,
        )  # fmt: skip
    if account.top > account.stated:
        since = _sealed(account).minus(account.stated_sealed)
        yield Claim(state="open", first=account.stated + 1, last=account.top, counts=since)


def _apportioned(account: Account) -> list[Claim]:
    """The claims; what is committed of the ranges that a salvage guessed tells the others' counts.

    It knows how much they held together, and less well which held it, least without times.
    """
    said = list(claims(account))
    known = {
        at: account.counts_between(one.first, one.last)
        for at, one in enumerate(said)
        if one.is_guessed
    }
    still_open = [at for at in known if _open_numbers(account, said[at])]
    over = Tally()
    for at, counts in known.items():
        fit = said[at].counts.at_least(counts) if at in still_open else counts
        over = over.plus(fit.minus(said[at].counts))
        said[at] = replace(said[at], counts=fit)
    for at in sorted(still_open, key=lambda at: (said[at].has_time, -at)):
        fit = said[at].counts.minus(over).at_least(known[at])
        over = over.plus(fit.minus(said[at].counts))
        said[at] = replace(said[at], counts=fit)
    return said


def _open_numbers(account: Account, claim: Claim) -> RangeSet:
    return RangeSet([(claim.first, claim.last)]) - account.committed


def _hole(
    account: Account,
    claim: Claim,
    numbers: RangeSet,
    state: Literal["lost", "rejected"],
    counts: Tally,
) -> Hole:
    """From its first open number to its last; what is committed in between is not counted."""
    known = account.origin_ms if claim.has_time else None
    return Hole(
        epoch=account.epoch,
        first=numbers.ranges[0][0],
        last=numbers.ranges[-1][1],
        state=state,
        reason=claim.reason,
        readings=counts.readings,
        events=counts.events,
        from_ms=None if known is None else known + (claim.from_ms or 0),
        to_ms=None if known is None else known + (claim.to_ms or 0),
    )


def _unnamed(account: Account) -> Iterator[Hole]:
    """Numbers up to the highest of which nobody says anything; how much they held is not known."""
    sealed = RangeSet([(1, max(account.stated, account.top))])
    said = RangeSet((claim.first, claim.last) for claim in claims(account))
    for first, last in (sealed - said - account.committed - account.rejected).ranges:
        yield Hole(
            epoch=account.epoch, first=first, last=last, state="unexplained", reason="",
            readings=0, events=0, from_ms=None, to_ms=None,
        )  # fmt: skip


def _counts(tally: Tally) -> Counts:
    return Counts(readings=max(0, tally.readings), events=max(0, tally.events))
