"""What a gateway that is gone still held is closed as lost, by its exact count and with a reason.

It is stated in the gateway's place: so the balance, the receipts and whatever comes late are
decided as after a statement of its own. A batch that is found after all is committed over it.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

from broker_bridge.errors import DiscardRefused
from broker_bridge.language import mark
from broker_bridge.store import CardChange
from broker_bridge.stores.balance import GONE, Account, Claim, Sheet, Tally, claims
from contract.discarding import Discard
from contract.identity import BootId, GatewayId
from contract.messages import (
    MAX_EPOCHS,
    MAX_RANGES,
    Counts,
    EpochHolding,
    HeldRange,
    Holding,
)
from contract.ranges import RangeSet

UNKNOWN_BOOT = BootId("0" * 16)


class Ledgers(Protocol):
    """Of a transaction, what is needed here."""

    def lock(self, gateways: Iterable[GatewayId]) -> None:
        """See `Transaction.lock`."""
        ...

    def accounts(self, gateway: GatewayId) -> Sequence[Account]:
        """What the store knows of each of its streams."""
        ...

    def hold(self, holdings: Sequence[Holding]) -> Sequence[CardChange | None]:
        """See `Transaction.hold`."""
        ...


def discard(ledgers: Ledgers, asked: Discard) -> Counts:
    """What is lost now; raises DiscardRefused if another count is held, and changes nothing."""
    ledgers.lock([asked.gateway])
    held = [(each, _held(each)) for each in ledgers.accounts(asked.gateway)]
    total = sum((sum(tally) for _, tally in held), 0)
    if total != asked.count:
        raise DiscardRefused(
            mark("{gateway} holds {total} readings and events, not {count}"),
            hint=mark("see nadi-bridge balance --gateway {gateway}"),
            gateway=asked.gateway,
            total=total,
            count=asked.count,
        )
    waiting = iter([each for each, tally in held if any(tally)])
    while some := list(islice(waiting, MAX_EPOCHS)):
        ledgers.hold([_statement(asked, some)])
    return Counts(
        readings=sum(tally.readings for _, tally in held),
        events=sum(tally.events for _, tally in held),
    )


def _held(account: Account) -> Tally:
    sheet = Sheet()
    sheet.enter(account)
    return sheet.held


def _statement(asked: Discard, accounts: Sequence[Account]) -> Holding:
    revisions = [account.revision or 0 for account in accounts]
    return Holding(
        gateway=asked.gateway,
        revision=max(revisions) + 1,
        epochs=[_given_up(account, asked.reason) for account in accounts],
    )


def _given_up(account: Account, reason: str) -> EpochHolding:
    said = account.statement
    ranges = [_closed(account, claim, reason) for claim in claims(account)]
    sealed = max(account.stated, account.top)
    further = account.top > account.stated
    counts = account.top_sealed if further else account.stated_sealed
    return EpochHolding(
        epoch=account.epoch,
        boot=said.boot if said else BootId(account.boot) if account.boot else UNKNOWN_BOOT,
        parent=said.parent if said else None,
        sealed=sealed,
        sealed_counts=Counts(readings=counts.readings, events=counts.events),
        ranges=_fitting(ranges),
    )


def _closed(account: Account, claim: Claim, reason: str) -> HeldRange:
    """As it was said, or lost if the city has not closed all of it."""
    open_numbers = RangeSet([(claim.first, claim.last)]) - account.committed - account.rejected
    is_lost = claim.state not in GONE and open_numbers
    return HeldRange(
        state="lost" if is_lost else claim.state,
        first=claim.first,
        last=claim.last,
        counts=Counts(readings=max(0, claim.counts.readings), events=max(0, claim.counts.events)),
        reason=reason if is_lost else claim.reason,
        from_ms=claim.from_ms,
        to_ms=claim.to_ms,
    )


def _fitting(ranges: list[HeldRange]) -> list[HeldRange]:
    """At most as many as a statement has: the last two become one that says the worse."""
    while len(ranges) > MAX_RANGES:
        *ranges, one, other = ranges
        both = other.model_copy(
            update={"state": "lost", "first": one.first, "counts": one.counts + other.counts}
        )
        ranges.append(both)
    return ranges
