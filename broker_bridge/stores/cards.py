"""Which card speaks: a statement is compared only with those of its own epoch, never by its age."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker_bridge.store import CardChange
from contract.messages import EpochHolding, Holding


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEpoch:
    """What the store knows of an epoch that a statement names, or whose parent it names."""

    epoch: str
    sealed: int
    revision: int | None  # the highest that ever stated it; None if only its batches were heard
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the statement is news, and what it shows about the card."""

    is_news: bool
    change: CardChange | None = None


def named_by(holding: Holding) -> list[str]:
    """The epochs whose rows, and whose children's rows, decide."""
    parents = [epoch.parent.epoch for epoch in holding.epochs if epoch.parent]
    return sorted({*(epoch.epoch for epoch in holding.epochs), *parents})


def judge(holding: Holding, known: Sequence[KnownEpoch], *, heard_before: bool) -> Verdict:
    """A gateway's last stated epoch is this run's; its revision only grows within it."""
    if not holding.epochs:
        return Verdict(is_news=False)
    current = holding.epochs[-1]
    before = next((one for one in known if one.epoch == current.epoch), None)
    if before is None or before.revision is None:
        return Verdict(is_news=True, change=_change(holding, known, heard_before))
    if before.revision < holding.revision:
        return Verdict(is_news=True)
    outgrew = current.sealed > before.sealed and _children(current, known)
    return Verdict(is_news=bool(outgrew), change="cardCloned" if outgrew else None)


def _children(parent: EpochHolding, known: Sequence[KnownEpoch]) -> list[KnownEpoch]:
    return [one for one in known if one.parent == parent.epoch]


def _change(holding: Holding, known: Sequence[KnownEpoch], heard_before: bool) -> CardChange | None:
    """Of a run that is heard for the first time."""
    current = holding.epochs[-1]
    parent = current.parent.epoch if current.parent else None
    twins = [one for one in known if parent and one.parent == parent and one.sealed]
    if any(one.epoch != current.epoch for one in twins) or _is_behind(holding, known):
        return "cardCloned"
    names = set(named_by(holding))
    is_strange = not any(one.revision is not None and one.epoch in names for one in known)
    return "cardReplaced" if heard_before and is_strange else None


def _is_behind(holding: Holding, known: Sequence[KnownEpoch]) -> bool:
    """The card knows an epoch, and less of it than was stated: an image of it was put back."""
    stated = {one.epoch: one.sealed for one in known if one.revision is not None}
    return any(epoch.sealed < stated.get(epoch.epoch, 0) for epoch in holding.epochs)
