"""The feed's state of each asset, from its newest readings and its open events."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from broker_bridge.store import AssetName
from broker_bridge.stores.moments import rfc3339
from broker_bridge.stores.quality import quality_word, time_quality_word
from contract.identity import AssetId, GatewayId, Kind
from contract.messages import AssetState, OpenEvent, QuantityState


class LatestRow(NamedTuple):
    """The newest reading of one quantity of one asset."""

    kind: str
    asset: str
    registered: bool
    gateway: str
    observed_ms: int
    quantity: str
    unit: str
    value: float
    quality: int


class EventRow(NamedTuple):
    """One event that has begun and not ended, or the asset's newest, if that is `over`."""

    kind: str
    asset: str
    registered: bool
    gateway: str
    observed_ms: int | None
    id: str
    type: str
    detail: str
    over: bool


def states_of(latest: Sequence[LatestRow], heard: Sequence[EventRow]) -> list[AssetState]:
    """Sorted by kind and asset; an asset of which nothing is dated has no state yet."""
    readings: dict[AssetName, list[LatestRow]] = defaultdict(list)
    events: dict[AssetName, list[EventRow]] = defaultdict(list)
    for row in latest:
        readings[Kind(row.kind), AssetId(row.asset)].append(row)
    for event in heard:
        events[Kind(event.kind), AssetId(event.asset)].append(event)
    states = (_state(name, readings[name], events[name]) for name in sorted({*readings, *events}))
    return [state for state in states if state is not None]


def _state(name: AssetName, readings: list[LatestRow], events: list[EventRow]) -> AssetState | None:
    seen = [(row.observed_ms, row.gateway, row.registered) for row in readings]
    seen += [(e.observed_ms, e.gateway, e.registered) for e in events if e.observed_ms is not None]
    if not seen:
        return None
    observed_ms, gateway, registered = max(seen)
    return AssetState(
        asset=name[1],
        kind=name[0],
        gateway=GatewayId(gateway),
        registered=bool(registered),
        observed_at=rfc3339(observed_ms),
        quantities={row.quantity: _quantity(row) for row in sorted(readings)},
        open_events=[_open(event) for event in events if not event.over],
    )


def _quantity(row: LatestRow) -> QuantityState:
    return QuantityState(
        value=row.value,
        unit=row.unit,
        quality=quality_word(row.quality),
        time_quality=time_quality_word(row.quality),
        observed_at=rfc3339(row.observed_ms),
    )


def _open(row: EventRow) -> OpenEvent:
    began_at = None if row.observed_ms is None else rfc3339(row.observed_ms)
    return OpenEvent(id=row.id, type=row.type, began_at=began_at, detail=row.detail)
