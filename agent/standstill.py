"""A process that stood still cannot say when it was told what it finds waiting afterwards."""

import asyncio
from collections.abc import Callable
from typing import Self

BEAT_S = 0.25
STOOD_S = 1.0  # how wrong a reading's time may be
CATCH_UP_S = 1.0  # within this, what waited in the kernel is taken


class Pulse:
    """Beats on the event loop while its block runs, and notices when that stood still.

    A card that hangs, memory that is fetched from it, or a signal stops the whole process; what its
    devices said meanwhile waits in the kernel, and would be dated by the moment after.
    """

    def __init__(self, now_s: Callable[[], float] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._now_s = now_s or self._loop.time
        self._stood_s: float | None = None

    def __enter__(self) -> Self:
        self._last_s = self._now_s()
        self._next = self._loop.call_later(BEAT_S, self._beat)
        return self

    def __exit__(self, *_: object) -> None:
        self._next.cancel()

    @property
    def stood_still(self) -> bool:
        """Whether more than a second passed at once since its block began."""
        return self._stood_s is not None or self._is_late

    @property
    def has_just_stood_still(self) -> bool:
        """Whether what comes now may have waited meanwhile."""
        return self._is_late or (
            self._stood_s is not None and self._now_s() - self._stood_s < CATCH_UP_S
        )

    @property
    def _is_late(self) -> bool:
        return self._now_s() - self._last_s > BEAT_S + STOOD_S

    def _beat(self) -> None:
        if self._is_late:
            self._stood_s = self._now_s()
        self._last_s = self._now_s()
        self._next = self._loop.call_later(BEAT_S, self._beat)
