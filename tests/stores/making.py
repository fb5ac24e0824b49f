"""Batches and statements as gateways make them, for the store's tests."""

from collections.abc import Iterable, Sequence
from typing import Any

from broker_bridge.store import NewBatch, Stream
from broker_bridge.stores.registry import Line, NewRegistry, State
from contract.codec import Key
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.messages import (
    BatchBody,
    Counts,
    EpochHolding,
    EventColumn,
    HeldRange,
    HeldState,
    Holding,
    Origin,
    Parent,
)

NOW_MS = 1_795_000_000_000  # 2026-11-18T11:06:40Z
G1, G2 = GatewayId("gw-betoambari-01"), GatewayId("gw-wolio-02")
E1, E2, E3 = Epoch("00000000000000e1"), Epoch("00000000000000e2"), Epoch("00000000000000e3")
BOOT, BOOT2 = BootId("00000000000000b1"), BootId("00000000000000b2")
LAMP = (AssetId("PJU-0001"), Kind.STREETLIGHT)
BIN = (AssetId("TPS-0007"), Kind.WASTE_BIN)

REFUSED_W = 666.0
# How a database comes to refuse that reading, and how it is mended.
REFUSES = {
    "sqlite": (
        f"""CREATE TRIGGER refuses BEFORE INSERT ON reading WHEN NEW.value = {REFUSED_W}
        BEGIN SELECT RAISE(ABORT, 'not here'); END""",
        "DROP TRIGGER refuses",
    ),
    "postgresql": (
        f"ALTER TABLE reading ADD CONSTRAINT refuses CHECK (value <> {REFUSED_W})",
        "ALTER TABLE reading DROP CONSTRAINT refuses",
    ),
}

Value = tuple[tuple[AssetId, Kind], str, int, float]  # asset, quantity, at_ms, value


def origin(boot: BootId = BOOT, *, origin_ms: int = NOW_MS, revision: int = 1) -> Origin:
    return Origin(boot=boot, origin_ms=origin_ms, uncertainty_ms=20, revision=revision)


def body(
    values: Sequence[Value] = (),
    events: Sequence[EventColumn] = (),
    *,
    assets: Sequence[tuple[AssetId, Kind]] = (),
    boot: BootId = BOOT,
    base_ms: int = 0,
    suspect: Sequence[int] = (),
    before: tuple[int, int] = (0, 0),
    parent: Parent | None = None,
) -> BatchBody:
    named = list(dict.fromkeys([*assets, *(asset for asset, *_ in values)]))
    quantities = list(dict.fromkeys(quantity for _, quantity, _, _ in values))
    return BatchBody(
        boot=boot,
        base_ms=base_ms,
        assets=named,
        quantities=quantities,
        asset=[named.index(asset) for asset, *_ in values],
        quantity=[quantities.index(quantity) for _, quantity, _, _ in values],
        offset_ms=[at_ms for _, _, at_ms, _ in values],
        value=[value for *_, value in values],
        suspect=list(suspect),
        events=list(events),
        counts=Counts(readings=len(values), events=len(events)),
        sealed_before=Counts(readings=before[0], events=before[1]),
        parent=parent,
    )


def batch(
    stream: Stream,
    n: int,
    made: BatchBody,
    *,
    gateway: GatewayId = G1,
    epoch: Epoch = E1,
    sha256: str | None = None,
) -> NewBatch:
    return NewBatch(
        stream=stream,
        key=Key(gateway=gateway, epoch=epoch, n=n),
        sha256=sha256 or f"{n:064x}",
        body=made,
    )


def lamp_batch(stream: Stream, n: int, *, gateway: GatewayId = G1, epoch: Epoch = E1) -> NewBatch:
    """Two readings, ten seconds after the batch before."""
    at_ms = n * 10_000
    values = [(LAMP, "voltage", at_ms, 220.0 + n), (LAMP, "current", at_ms, 0.5)]
    made = body(values, before=(2 * (n - 1), 0))
    return batch(stream, n, made, gateway=gateway, epoch=epoch)


def held(state: HeldState, first: int, last: int, readings: int, events: int = 0) -> HeldRange:
    counts = Counts(readings=readings, events=events)
    return HeldRange(state=state, first=first, last=last, counts=counts)


def epoch_holding(
    *ranges: HeldRange, epoch: Epoch = E1, sealed: int | None = None, parent: Parent | None = None
) -> EpochHolding:
    total = Counts()
    for each in ranges:
        total += each.counts
    return EpochHolding(
        epoch=epoch,
        boot=BOOT,
        parent=parent,
        sealed=max((r.last for r in ranges), default=0) if sealed is None else sealed,
        sealed_counts=total,
        ranges=list(ranges),
    )


def holding(*epochs: EpochHolding, revision: int = 1, gateway: GatewayId = G1) -> Holding:
    return Holding(gateway=gateway, revision=revision, epochs=list(epochs))


def line(name: str, kind: Kind = Kind.GATEWAY, *, state: State = "listed", **more: Any) -> Line:
    """How a registry has one gateway or asset."""
    return Line(kind=kind.value, name=name, state=state, **more)


def listing(number: int, lines: Iterable[Line], *, sha256: str = "") -> NewRegistry:
    """A registry whose signature was good."""
    return NewRegistry(
        number=number,
        sha256=sha256 or f"{number:064x}",
        published_at="2026-11-24T10:00:00+00:00",
        lines=tuple(lines),
    )
