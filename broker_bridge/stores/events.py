"""The events of a group of batches, as rows for the store and as words for the feed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from broker_bridge.store import AssetName
from broker_bridge.stores.columns import Placed
from broker_bridge.stores.moments import clamp_ms, rfc3339
from broker_bridge.stores.quality import time_quality_word
from broker_bridge.stores.statements import storable
from contract.identity import GatewayId
from contract.messages import AssetEvent, EventColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedEvent:
    """One event with its asset; `observed_ms` is None while its boot has no date."""

    event: EventColumn
    asset: AssetName
    placed: Placed
    at_ms: int
    observed_ms: int | None

    @property
    def time_quality(self) -> int | None:
        """As its boot's origin is known now: only later dating is a repair."""
        return None if self.observed_ms is None else self.placed.boot.time_quality

    @property
    def detail(self) -> str:
        """What the gateway said, in text any database takes."""
        return storable(self.event.detail)

    def told(self) -> AssetEvent:
        """For the feed."""
        kind, name = self.asset
        known = self.time_quality
        return AssetEvent(
            id=self.event.id,
            asset=name,
            kind=kind,
            gateway=GatewayId(self.placed.batch.key.gateway),
            type=self.event.type,
            phase=self.event.phase,
            observed_at=rfc3339(self.observed_ms) if self.observed_ms is not None else None,
            time_quality=None if known is None else time_quality_word(known << 1),
            detail=self.detail,
        )


def events_of(placed: Sequence[Placed]) -> Iterator[PlacedEvent]:
    """Every event of these batches, in their order."""
    for one in placed:
        body = one.batch.body
        for event in body.events:
            name, kind = body.assets[event.asset]
            at_ms = body.base_ms + event.offset_ms
            yield PlacedEvent(
                event=event,
                asset=(kind, name),
                placed=one,
                at_ms=at_ms,
                observed_ms=None
                if one.origin_ms is None
                else clamp_ms(max(one.origin_ms + at_ms, one.floor_ms)),
            )


EventRow = tuple[str, int, int, int, int, str, str, int, int | None, int | None, str]


def event_row(event: PlacedEvent, asset_id: Callable[[AssetName], int]) -> EventRow:
    """In the order of both stores' INSERT."""
    return (
        event.event.id,
        asset_id(event.asset),
        event.placed.gateway_id,
        event.placed.id,
        event.placed.boot.id,
        event.event.type,
        event.event.phase.value,
        event.at_ms,
        event.observed_ms,
        event.time_quality,
        event.detail,
    )
