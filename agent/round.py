"""What all lines delivered since the last seal, bounded."""

from collections import deque
from collections.abc import Iterable

from contract.messages import MAX_READINGS
from contract.readings import Reading


class Round:
    """Readings wait here for the seal; beyond `limit` the oldest go, and are counted."""

    def __init__(self, *, limit: int = MAX_READINGS) -> None:
        self.dropped = 0
        self._readings: deque[Reading] = deque(maxlen=limit)

    def add(self, readings: Iterable[Reading]) -> None:
        """Put `readings` into the round."""
        for reading in readings:
            self.dropped += len(self._readings) == self._readings.maxlen
            self._readings.append(reading)

    def take(self) -> list[Reading]:
        """All readings, oldest first; the round is empty afterwards."""
        readings = list(self._readings)
        self._readings.clear()
        return readings

    def __len__(self) -> int:
        return len(self._readings)
