"""A search sends no faster than its pace, whoever of its parts sends."""

import asyncio
from collections.abc import Awaitable, Callable

from agent.clock import Clock


class Pace:
    """Turns are given at even distances; `count` of them were."""

    def __init__(
        self, per_s: int, *, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.count = 0
        self._step_ms = 1_000 / per_s
        self._next_ms = float(clock.boot_ms())
        self._clock = clock
        self._sleep = sleep

    async def turn(self) -> None:
        """Wait until the next connection or datagram may go."""
        now_ms = self._clock.boot_ms()
        mine_ms = max(self._next_ms, float(now_ms))
        self._next_ms = mine_ms + self._step_ms
        self.count += 1
        await self._sleep((mine_ms - now_ms) / 1_000)
