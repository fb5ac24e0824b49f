"""When each reading was really taken, and what a stored time may be at most."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from broker_bridge.stores.quality import ESTIMATED
from tests.campaigns.seeds import Violation

ALLOWED_PPM = 50
ROUNDING_MS = 2  # of a reading's and an origin's time


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One reading, by its value, which no other has."""

    value: float
    boot: int
    true_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The same in the store; without `observed_ms` it has no date yet."""

    value: float
    observed_ms: int | None
    time_quality: int
    uncertainty_ms: int | None
    stored_ms: int


@dataclass(slots=True)
class Boots:
    """What happened in each boot, the oldest first, and how wrong a clock just set may be."""

    allowed_ms: float
    synced: list[list[float]] = field(default_factory=list)
    vouched: set[int] = field(default_factory=set)  # those in which the agent saw a vouched clock


def judge(taken: Sequence[Taken], stored: Sequence[Stored], boots: Boots) -> None:
    """Raises Violation unless every stored time is honest."""
    by_value = {one.value: one for one in taken}
    values = [one.value for one in stored]
    if sorted(values) != sorted(by_value):
        raise Violation(f"{len(by_value)} readings were taken, {len(values)} are stored")
    for one in stored:
        _judge_one(by_value[one.value], one, boots)
    _judge_order(by_value, stored)


def _judge_one(taken: Taken, stored: Stored, boots: Boots) -> None:
    if stored.observed_ms is None:
        return
    wrong_ms = abs(stored.observed_ms - taken.true_ms)
    if stored.uncertainty_ms is None or wrong_ms > stored.uncertainty_ms + ROUNDING_MS:
        raise Violation(f"wrong by {wrong_ms:.0f} ms, uncertain by {stored.uncertainty_ms} ms")
    if stored.time_quality == ESTIMATED:
        if stored.observed_ms > stored.stored_ms:
            raise Violation(f"in the future: {stored}")
        return
    if taken.boot not in boots.vouched:
        raise Violation(f"not marked: nobody ever vouched for the time of {stored}")
    away_ms = _farthest(taken.true_ms, boots.synced[taken.boot])
    if wrong_ms > boots.allowed_ms + away_ms * ALLOWED_PPM / 1e6 + ROUNDING_MS:
        raise Violation(f"wrong by {wrong_ms:.0f} ms, {away_ms:.0f} ms from a synchronisation")


def _farthest(true_ms: float, synced: Sequence[float]) -> float:
    """From the last synchronisation before it, or any after: whichever it may be dated by."""
    before = max((at for at in synced if at < true_ms), default=None)
    which = [at for at in synced if at >= true_ms] + ([] if before is None else [before])
    return max((abs(true_ms - at) for at in which), default=0.0)


def _judge_order(by_value: dict[float, Taken], stored: Sequence[Stored]) -> None:
    """Each boot after the one before, and each reading of a boot after the one before."""
    groups: dict[int, list[Stored]] = defaultdict(list)
    for one in sorted(stored, key=lambda one: by_value[one.value].true_ms):
        if one.observed_ms is not None:
            groups[by_value[one.value].boot].append(one)
    order = [groups[boot] for boot in sorted(groups)]
    for group in order:
        _judge_pairs(group)
    for earlier, later in pairwise(order):
        last = max(earlier, key=lambda one: one.observed_ms or 0)
        first = min(later, key=lambda one: one.observed_ms or 0)
        _judge_pairs([last, first])


def _judge_pairs(group: Sequence[Stored]) -> None:
    for earlier, later in pairwise(group):
        assert earlier.observed_ms is not None
        assert later.observed_ms is not None
        back_ms = earlier.observed_ms - later.observed_ms
        if back_ms > _may_go_back_ms(earlier, later):
            raise Violation(f"out of order by {back_ms} ms: {earlier}, {later}")


def _may_go_back_ms(earlier: Stored, later: Stored) -> int:
    """Estimates are in order; what was dated by two synchronisations, as far as they are sure."""
    if ESTIMATED in (earlier.time_quality, later.time_quality):
        return 0
    return (earlier.uncertainty_ms or 0) + (later.uncertainty_ms or 0)
