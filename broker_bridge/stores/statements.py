"""What the store keeps of a gateway's statement, and text made fit for any database."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from broker_bridge.store import Quarantined
from contract.messages import EpochHolding, Holding
from contract.ranges import RangeSet

_STILL_THERE = ("open", "settled", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a store answers to a person's SELECT."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One epoch's statement, reduced to what every receipt needs."""

    statement: str
    sealed: int
    sealed_readings: int
    sealed_events: int
    lost: RangeSet
    held: bool
    parent_epoch: str | None
    parent_n: int | None


def stated(holding: Holding) -> Iterator[tuple[EpochHolding, Stated]]:
    """Each epoch with what is kept of it; the last one is the run that speaks."""
    for epoch in holding.epochs:
        yield epoch, _stated(epoch, is_speaking=epoch is holding.epochs[-1])


def _stated(epoch: EpochHolding, *, is_speaking: bool) -> Stated:
    """`held` is whether a receipt names it: the gateway has a batch of it, or will seal into it."""
    return Stated(
        statement=epoch.model_dump_json(exclude_none=True),
        sealed=epoch.sealed,
        sealed_readings=epoch.sealed_counts.readings,
        sealed_events=epoch.sealed_counts.events,
        lost=RangeSet((r.first, r.last) for r in epoch.ranges if r.state == "lost"),
        held=is_speaking or any(r.state in _STILL_THERE for r in epoch.ranges),
        parent_epoch=epoch.parent.epoch if epoch.parent else None,
        parent_n=epoch.parent.n if epoch.parent else None,
    )


def storable(text: str) -> str:
    """The text without what a database refuses: NUL and lone surrogates become U+FFFD."""
    clean = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return clean.replace("\0", "\ufffd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A quarantined message as its row; `bytes` is what it costs of the budget."""

    topic: str
    gateway: str
    reason: str
    header: str
    body: bytes
    bytes: int


def kept(item: Quarantined) -> Kept:
    """The gateway is the empty text where nobody knows who sent it."""
    header = json.dumps(item.header)
    return Kept(
        topic=storable(item.topic),
        gateway=storable(item.gateway or ""),
        reason=storable(item.reason),
        header=header,
        body=item.body,
        bytes=len(item.body) + len(header) + len(item.topic) + len(item.reason),
    )
