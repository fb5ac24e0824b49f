"""Boots that never learn their origin find their place between their neighbours, in order.

Each is put as late as it can have been: right before the next boot began, and before the city had
its bytes. How much earlier it may have been is its uncertainty.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from broker_bridge.stores.moments import EARLIEST_MS
from contract.messages import drift_ms

MOST_AT_ONCE = 20  # boots a transaction places


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStream:
    """One epoch, in the order in which the city first heard of them."""

    epoch: str
    boot: str | None
    parent: str | None
    stated: bool
    closed: bool  # nothing that the gateway holds of it is still to come


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The next boot began at `began_ms` or up to `doubt_ms` later.

    The first that the store has of it, or of the next that has a date, is at `first_ms`. `id` is
    the next boot's, if it has a date.
    """

    id: int | None
    began_ms: int
    doubt_ms: int
    first_ms: int

    def floor_ms(self, ended_ms: int) -> int:
        """Nothing is put before what the earlier boot has stored, unless it overlaps this one."""
        return ended_ms if ended_ms <= self.first_ms else min(ended_ms, self.began_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBoot:
    """What is in the store of one boot; times of its own clock but for the origins."""

    id: int
    boot: str
    origin_ms: int | None
    uncertainty_ms: int
    seen_ms: int
    first_ms: int
    last_ms: int
    latest_origin_ms: int  # no reading was taken after the city had it
    first_observed_ms: int | None = None  # as stored, whichever revision of its origin dated it
    last_observed_ms: int | None = None

    @property
    def began(self) -> Ceiling:
        """When it may have begun at the earliest, and what is stored of it."""
        assert self.origin_ms is not None, "only of a boot that has a date"
        doubt_ms = _uncertainty(self, 0)
        began_ms, first_ms = self.origin_ms - doubt_ms, self.first_observed_ms
        if first_ms is not None:
            began_ms = min(began_ms, first_ms)
        return Ceiling(
            id=self.id,
            began_ms=began_ms,
            doubt_ms=self.origin_ms + doubt_ms - began_ms,
            first_ms=began_ms if first_ms is None else first_ms,
        )

    @property
    def ended_ms(self) -> int:
        """When it was last heard of."""
        assert self.origin_ms is not None, "only of a boot that has a date"
        ended_ms = self.origin_ms + self.last_ms
        return ended_ms if self.last_observed_ms is None else max(ended_ms, self.last_observed_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a boot goes; none of its readings is put before `floor_ms`.

    What still comes of the boot `next_id`, whichever origin dates it, is not before `last_ms`.
    """

    id: int
    origin_ms: int
    uncertainty_ms: int
    floor_ms: int
    next_id: int | None
    last_ms: int


def placements(streams: Sequence[KnownStream], boots: Iterable[KnownBoot]) -> list[Placement]:
    """The newest first, at most MOST_AT_ONCE; none whose place may still become known."""
    by_name = {boot.boot: boot for boot in boots}
    order = [by_name[name] for name in _boots_in_order(streams) if name in by_name]
    ready = _ready(streams, order)
    placed: list[Placement] = []
    ceiling: Ceiling | None = None
    for at in range(len(order) - 1, -1, -1):
        boot = order[at]
        if boot.origin_ms is not None:
            ceiling = boot.began
        elif ceiling and boot.boot in ready:
            place = _place(boot, ceiling, _before(order[:at]))
            placed.append(place)
            ceiling = replace(
                ceiling,
                id=None,
                began_ms=place.origin_ms,
                doubt_ms=ceiling.doubt_ms + drift_ms(boot.last_ms, 0),
            )
        else:
            ceiling = None
    return placed[:MOST_AT_ONCE]


def _place(boot: KnownBoot, ceiling: Ceiling, before: KnownBoot | None) -> Placement:
    origin_ms = min(ceiling.began_ms - boot.last_ms, boot.latest_origin_ms)
    doubt_ms = ceiling.doubt_ms + drift_ms(boot.last_ms, boot.first_ms)
    floor_ms = EARLIEST_MS
    if before is None or before.origin_ms is None:
        slack_ms = max(origin_ms, 0)
    else:
        ended_ms = before.ended_ms
        slack_ms = max(origin_ms + boot.first_ms - ended_ms, 0)
        doubt_ms += _uncertainty(before, before.last_ms)
        floor_ms = max(ceiling.floor_ms(ended_ms), EARLIEST_MS)
    return Placement(
        id=boot.id,
        origin_ms=origin_ms,
        uncertainty_ms=slack_ms + doubt_ms,
        floor_ms=floor_ms,
        next_id=ceiling.id,
        last_ms=min(max(origin_ms + boot.last_ms, floor_ms), ceiling.began_ms),
    )


def _before(earlier: Sequence[KnownBoot]) -> KnownBoot | None:
    """The nearest earlier boot that has a date."""
    return next((boot for boot in reversed(earlier) if boot.origin_ms is not None), None)


def _uncertainty(boot: KnownBoot, at_ms: int) -> int:
    return boot.uncertainty_ms + drift_ms(at_ms, boot.seen_ms)


def _ready(streams: Sequence[KnownStream], order: Sequence[KnownBoot]) -> set[str]:
    """Boots that are over, of which a later boot has stated all it knows, and that are whole."""
    open_boots = {stream.boot for stream in streams if not stream.closed}
    stating = {stream.boot for stream in streams if stream.stated}
    whole = list(takewhile(lambda boot: boot.boot not in open_boots, order))
    stated = [at for at, boot in enumerate(order) if boot.boot in stating]
    return {boot.boot for boot in whole[: max(stated, default=0)]}


def _boots_in_order(streams: Sequence[KnownStream]) -> list[str]:
    """A parent comes before its child, whichever was heard of first."""
    by_epoch = {stream.epoch: stream for stream in streams}
    told: dict[str, None] = {}
    seen: set[str] = set()
    for stream in streams:
        for ancestor in reversed(_ancestry(stream, by_epoch, seen)):
            if ancestor.boot is not None:
                told.setdefault(ancestor.boot)
    return list(told)


def _ancestry(
    stream: KnownStream, by_epoch: Mapping[str, KnownStream], seen: set[str]
) -> list[KnownStream]:
    """The stream and those of its ancestors that were not visited yet, the youngest first."""
    line: list[KnownStream] = []
    at: KnownStream | None = stream
    while at is not None and at.epoch not in seen:
        seen.add(at.epoch)
        line.append(at)
        at = by_epoch.get(at.parent) if at.parent else None
    return line
