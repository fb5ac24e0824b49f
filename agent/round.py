"""What all lines delivered since the last seal, bounded."""

from collections import deque
from collections.abc import Iterable

from agent.outbox.records import Shed
from contract.messages import MAX_READINGS, Counts
from contract.readings import Reading


class Round:
    """Readings wait here for the seal; while it fails, beyond `limit` the oldest go, counted."""

    def __init__(self, *, limit: int = MAX_READINGS) -> None:
        self._shed: Shed | None = None
        self._readings: deque[Reading] = deque(maxlen=limit)

    def add(self, readings: Iterable[Reading]) -> None:
        """Put `readings` into the round."""
        for reading in readings:
            if len(self._readings) == self._readings.maxlen:
                self._shed = more_shed(self._shed, Counts(readings=1), self._readings[0].at_ms)
            self._readings.append(reading)

    def take(self) -> list[Reading]:
        """All readings, oldest first; the round is empty afterwards."""
        readings = list(self._readings)
        self._readings.clear()
        return readings

    def take_shed(self) -> Shed | None:
        """What found no room since the last call, if anything."""
        shed, self._shed = self._shed, None
        return shed

    def __len__(self) -> int:
        return len(self._readings)


def more_shed(shed: Shed | None, counts: Counts, at_ms: int) -> Shed:
    """That, and one thing more."""
    if shed is None:
        return Shed(counts=counts, from_ms=at_ms, to_ms=at_ms)
    return Shed(
        counts=shed.counts + counts,
        from_ms=min(shed.from_ms, at_ms),
        to_ms=max(shed.to_ms, at_ms),
    )
