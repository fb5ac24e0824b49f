"""The balance of one stream: every sealed reading and event is put under exactly one heading."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from broker_bridge.store import Balance
from contract.identity import GatewayId
from contract.messages import Counts, EpochHolding
from contract.ranges import Range, RangeSet

_GONE = frozenset({"lost", "evicted"})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the store knows of one stream; `top` is the highest number committed."""

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

    def enter(self, account: Account) -> None:
        """Add one stream: committed over rejected over lost over held."""
        self.sealed = self.sealed.plus(_sealed(account))
        self.committed = self.committed.plus(account.committed_counts)
        for state, numbers, counts in _claims(account):
            self._settle(account, state, numbers, counts)

    def _settle(self, account: Account, state: str, numbers: Range, counts: Tally) -> None:
        open_numbers = RangeSet([numbers]) - account.committed
        if not open_numbers:
            return
        rest = counts
        if len(open_numbers) <= numbers[1] - numbers[0]:
            rest = counts.minus(account.counts_between(*numbers))
        # A statement counts a range, not each number of it; a range in which only some numbers
        # are rejected is told apart by the gateway's next statement.
        if not open_numbers - account.rejected:
            self.rejected = self.rejected.plus(rest)
        elif state in _GONE:
            self.lost = self.lost.plus(rest)
        else:
            self.held = self.held.plus(rest)

    def balance(self, gateway: GatewayId, *, undated: int, revision: int) -> Balance:
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
        )


def _sealed(account: Account) -> Tally:
    """The statement's, or where they go further, the batches' own numbers."""
    if account.top > account.stated:
        return Tally(
            max(account.stated_sealed.readings, account.top_sealed.readings),
            max(account.stated_sealed.events, account.top_sealed.events),
        )
    return account.stated_sealed


def _claims(account: Account) -> Iterator[tuple[str, Range, Tally]]:
    """What the gateway says of its numbers; those sealed since its last statement it still has.

    What it evicted was settled; where the store has it no more, both copies are gone.
    """
    for held in account.statement.ranges if account.statement else ():
        counts = Tally(held.counts.readings, held.counts.events)
        yield held.state, (held.first, held.last), counts
    if account.top > account.stated:
        since = _sealed(account).minus(account.stated_sealed)
        yield "open", (account.stated + 1, account.top), since


def _counts(tally: Tally) -> Counts:
    return Counts(readings=max(0, tally.readings), events=max(0, tally.events))
