"""What a boot's row says of its time, and what that makes of the times of a batch."""

from dataclasses import dataclass

from broker_bridge.stores.estimating import KnownStream
from broker_bridge.stores.quality import ESTIMATED, EXACT
from contract.messages import BatchBody, EpochHolding, drift_ms
from contract.ranges import RangeSet


@dataclass(frozen=True, slots=True, kw_only=True)
class BootRow:
    """A boot; without a revision its origin, if it has one, was only estimated."""

    id: int
    origin_ms: int | None
    revision: int
    uncertainty_ms: int | None
    seen_ms: int | None
    floor_ms: int | None

    @property
    def time_quality(self) -> int:
        """Of what is dated as it is committed."""
        return EXACT if self.revision else ESTIMATED

    def uncertainty_of(self, span: tuple[int, int] | None) -> int | None:
        """The most that a time in `span` of the boot's clock may be wrong; None without a date."""
        if self.origin_ms is None or span is None:
            return None
        if not self.revision:
            return self.uncertainty_ms
        seen_ms = self.seen_ms or 0
        return (self.uncertainty_ms or 0) + max(drift_ms(at_ms, seen_ms) for at_ms in span)


def span_of(body: BatchBody) -> tuple[int, int] | None:
    """The first and last time of a batch on its boot's clock; None of an empty one."""
    offsets = body.offset_ms
    if body.events:
        offsets = [*offsets, *(event.offset_ms for event in body.events)]
    if not offsets:
        return None
    return body.base_ms + min(offsets), body.base_ms + max(offsets)


def known_stream(
    row: tuple[str, str | None, str | None, str | None, bool], closed: RangeSet
) -> KnownStream:
    """Of its epoch, boot, parent, statement and whether the gateway still holds any of it."""
    epoch, boot, parent, statement, held = row
    still: list[tuple[int, int]] = []
    if held and statement:
        said = EpochHolding.model_validate_json(statement)
        still = [(r.first, r.last) for r in said.ranges if r.state == "open"]
    return KnownStream(
        epoch=epoch,
        boot=boot,
        parent=parent,
        stated=statement is not None,
        closed=not RangeSet(still) - closed,
    )
