"""What the store knows of a gateway becomes a receipt that says nothing it cannot say whole."""

from collections.abc import Iterator

from broker_bridge.store import GatewayFacts, StreamFacts
from contract.messages import MAX_EPOCHS, MAX_RANGES, EpochReceipt, Receipt, Rejection
from contract.ranges import Range, RangeSet

# What one range of an epoch is: a tuple for committed and lost, a Rejection for a single number.
_Closed = tuple[Range, str, Rejection | None]


def receipt(facts: GatewayFacts) -> Receipt:
    """The oldest epochs first; one that finds no room says nothing, with an empty interval."""
    room = MAX_RANGES
    epochs = []
    for stream in facts.streams[:MAX_EPOCHS]:
        epoch = _epoch(stream, room)
        room -= len(epoch.committed) + len(epoch.rejected) + len(epoch.lost)
        epochs.append(epoch)
    return Receipt(gateway=facts.gateway, version=facts.version, epochs=epochs)


def _epoch(stream: StreamFacts, room: int) -> EpochReceipt:
    closed = sorted(_closed(stream), key=lambda item: item[0])
    told = closed[:room]
    return EpochReceipt(
        epoch=stream.epoch,
        first=1,
        last=stream.last if len(closed) <= room else closed[room][0][0] - 1,
        committed=[numbers for numbers, state, _ in told if state == "committed"],
        rejected=[rejection for _, _, rejection in told if rejection],
        lost=[numbers for numbers, state, _ in told if state == "lost"],
    )


def _closed(stream: StreamFacts) -> Iterator[_Closed]:
    """Disjoint ranges: committed over rejected over lost."""
    for numbers in stream.committed.ranges:
        yield numbers, "committed", None
    rejected = [item for item in stream.rejected if item[0] not in stream.committed]
    for n, sha256, reason in rejected:
        yield (n, n), "rejected", Rejection(n=n, sha256=sha256, reason=reason[:200])
    for numbers in (stream.lost - stream.committed - RangeSet.of(n for n, _, _ in rejected)).ranges:
        yield numbers, "lost", None
