"""Time enters the simulator through this door alone."""

import asyncio
import heapq
import time
from typing import Protocol

SETTLING_TURNS = 20


class Clock(Protocol):
    """Milliseconds since boot, civil seconds, and waiting."""

    def boot_ms(self) -> int:
        """CLOCK_BOOTTIME in milliseconds: never goes back, counts suspension."""

    def unix_s(self) -> float:
        """Seconds since 1970 UTC, as far as this machine knows."""

    async def sleep(self, duration_s: float) -> None:
        """Returns when `duration_s` has passed; at once, after one turn of the loop, if <= 0."""


class SystemClock:
    """The machine's own clock."""

    def boot_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def unix_s(self) -> float:
        return time.time()

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(max(0.0, duration_s))


class ManualClock:
    """A clock for tests: it stands still until `step` jumps to the earliest sleeper."""

    def __init__(self, *, boot_ms: int = 1_000, unix_s: float = 1_790_000_000.0) -> None:
        self._now_ms = float(boot_ms)
        self._unix_offset_s = unix_s - boot_ms / 1000
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._asleep = asyncio.Event()

    def boot_ms(self) -> int:
        return round(self._now_ms)

    def unix_s(self) -> float:
        return self._now_ms / 1000 + self._unix_offset_s

    async def sleep(self, duration_s: float) -> None:
        if duration_s <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_ms + duration_s * 1000, self._count, waiter))
        self._asleep.set()
        await waiter

    def pass_ms(self, passing_ms: int) -> None:
        """Time that passes while nobody is asked."""
        self._now_ms += passing_ms

    async def step(self, *, patience_s: float = 5.0) -> int:
        """Wakes the earliest sleeper at its time and returns that time; waits for one to come.

        Raises TimeoutError when nobody sleeps within `patience_s` real seconds.
        """
        await self.until_asleep(patience_s=patience_s)
        due_ms, _, waiter = heapq.heappop(self._sleepers)
        self._now_ms = max(self._now_ms, due_ms)
        waiter.set_result(None)
        # What wakes now takes a few turns of the loop to reach its next sleep.
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)
        return self.boot_ms()

    async def until_asleep(self, *, patience_s: float = 5.0) -> None:
        """Returns when somebody sleeps; raises TimeoutError after `patience_s` real seconds."""
        async with asyncio.timeout(patience_s):
            while not self._is_somebody_asleep():
                self._asleep.clear()
                await self._asleep.wait()

    def _is_somebody_asleep(self) -> bool:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return bool(self._sleepers)
