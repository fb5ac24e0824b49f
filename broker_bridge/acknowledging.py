"""Acknowledgements go in the order in which the messages came, as MQTT 5 asks [MQTT-4.6.0-2]."""

import threading
from collections.abc import Callable


class InOrder:
    """Messages are done with in any order; one that is done waits for those that came before it."""

    def __init__(self, acknowledge: Callable[[int], object]) -> None:
        self._acknowledge = acknowledge
        self._done: dict[int, bool] = {}  # by packet identifier, oldest first
        self._lock = threading.Lock()

    def came(self, mid: int) -> None:
        """The broker handed it over."""
        with self._lock:
            self._done[mid] = False

    def done(self, mid: int) -> None:
        """It may be acknowledged as soon as all before it may."""
        with self._lock:
            self._done[mid] = True
            while self._done and self._done[oldest := next(iter(self._done))]:
                del self._done[oldest]
                self._acknowledge(oldest)
