"""An event loop whose time passes only when nothing is left to do, and the clock that shows it."""

import asyncio
import selectors

from agent.clock import Sight


class VirtualLoop(asyncio.SelectorEventLoop):
    """Whoever sleeps wakes at once, in the right order, as if the time had passed."""

    def __init__(self) -> None:
        self.now_s = 0.0
        super().__init__(_Skipping(self))

    def time(self) -> float:
        """Seconds of its own."""
        return self.now_s


class _Skipping(selectors.DefaultSelector):
    """Waits for nobody: what it would have waited is added to the loop's time."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for ever"
            self._loop.now_s += timeout
        return ready


class VirtualClock:
    """The gateway's, synchronised all the time, and stepped now and then."""

    def __init__(self, loop: VirtualLoop, *, origin_ms: int) -> None:
        self.origin_ms = origin_ms
        self._loop = loop

    def boot_ms(self) -> int:
        """Milliseconds since the simulated boot."""
        return round(self._loop.now_s * 1_000)

    def sight(self) -> Sight | None:
        """As a time service would have it."""
        return Sight(origin_ms=self.origin_ms, uncertainty_ms=50)

    async def watch(self) -> None:
        """There is nobody to ask."""
