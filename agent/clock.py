"""The gateway's clocks: boot time, which never steps, and what is known of UTC."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.time_service import ChronyWatch, error_ms, kernel_reader, timesyncd_age_ms
from contract.identity import BootId

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
TRUSTED_ERROR_MS = 1_000  # of a clock chip that a person vouches for


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """UTC at the boot clock's zero as seen just now, and how wrong it may be."""

    origin_ms: int
    uncertainty_ms: int


class Clock(Protocol):
    """Boot time for every reading; UTC only where it is known."""

    def boot_ms(self) -> int:
        """Milliseconds of CLOCK_BOOTTIME."""
        ...

    def sight(self) -> Sight | None:
        """Where UTC is now, or None while nobody vouches for it."""
        ...

    async def watch(self) -> None:
        """Ask whoever vouches for UTC now and then, until cancelled."""
        ...


class KernelClock:
    """The kernel's clocks; UTC counts only while the kernel or chrony vouches for it."""

    def __init__(self, *, trusted: bool) -> None:
        self._trusted = trusted
        self._kernel = kernel_reader()
        self._chrony = ChronyWatch(self.boot_ms)

    def boot_ms(self) -> int:
        """Milliseconds of CLOCK_BOOTTIME."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def sight(self) -> Sight | None:
        """UTC as the system has it; with `trusted`, also while no time service vouches."""
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        utc = time.time_ns()
        after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        error = error_ms(
            self._kernel(),  # after the clocks: if they were set in between, it knows
            timesyncd_age_ms=timesyncd_age_ms(utc // 1_000_000),
            chrony=self._chrony.word,
            now_ms=after // 1_000_000,
        )
        if error is None and not self._trusted:
            return None
        return Sight(
            origin_ms=(utc - (before + after) // 2) // 1_000_000,
            uncertainty_ms=TRUSTED_ERROR_MS if error is None else error,
        )

    async def watch(self) -> None:
        """Ask chrony, if it is there."""
        await self._chrony.run()


class FakeClock:
    """A clock that stands until it is told to move."""

    def __init__(self, *, boot_ms: int = 1_000, sight: Sight | None = None) -> None:
        self.now_ms = boot_ms
        self.seen = sight

    def boot_ms(self) -> int:
        """Milliseconds since the simulated boot."""
        return self.now_ms

    def sight(self) -> Sight | None:
        """Whatever the test set."""
        return self.seen

    async def watch(self) -> None:
        """There is nobody to ask."""


def read_boot_id() -> BootId:
    """The kernel's id of this boot, shortened to 64 bits."""
    return BootId(BOOT_ID_FILE.read_text().strip().replace("-", "")[:16])


def new_token() -> str:
    """64 random bits in hex: an epoch."""
    return os.urandom(8).hex()
