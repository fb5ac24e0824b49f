"""The gateway's clocks: boot time, which never steps, and what is known of UTC."""

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from contract.identity import BootId

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
STA_UNSYNC = 0x0040  # linux/timex.h
TIME_ERROR = 5


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


class KernelClock:
    """The kernel's clocks; UTC counts only while the kernel says that it is synchronised."""

    def __init__(self, *, trusted: bool) -> None:
        self._trusted = trusted
        self._max_error_us = _adjtimex_reader()

    def boot_ms(self) -> int:
        """Milliseconds of CLOCK_BOOTTIME."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def sight(self) -> Sight | None:
        """The kernel's UTC; with `trusted`, also while no time service runs."""
        error_us = self._max_error_us()
        if error_us is None and not self._trusted:
            return None
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        utc = time.time_ns()
        after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return Sight(
            origin_ms=(utc - (before + after) // 2) // 1_000_000,
            uncertainty_ms=1 + (error_us or 0) // 1_000,
        )


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


def read_boot_id() -> BootId:
    """The kernel's id of this boot, shortened to 64 bits."""
    return BootId(BOOT_ID_FILE.read_text().strip().replace("-", "")[:16])


def _adjtimex_reader() -> Callable[[], int | None]:
    """A call that returns the kernel's maximum error in µs, or None while unsynchronised."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = (ctypes.c_byte * 256)()  # struct timex is 208 bytes on 64 bit, 128 on 32 bit
    long_size = ctypes.sizeof(ctypes.c_long)

    def read() -> int | None:
        ctypes.memset(timex, 0, 256)
        state = libc.adjtimex(ctypes.byref(timex))
        # modes (padded to a long), offset, freq, maxerror, esterror, status
        max_error = ctypes.c_long.from_buffer(timex, 3 * long_size).value
        status = ctypes.c_int.from_buffer(timex, 5 * long_size).value
        if state in (-1, TIME_ERROR) or status & STA_UNSYNC:
            return None
        return int(max_error)

    return read


def new_token() -> str:
    """64 random bits in hex: an epoch."""
    return os.urandom(8).hex()
