"""Whoever vouches for the gateway's UTC says how wrong it may be and when it was last right.

timesyncd and ntpd tell the kernel. chrony tells it only if its `rtcsync` is set, so it is asked
too. timesyncd's own mark never vouches against the kernel: when somebody sets the clock by hand,
the kernel knows at once and the mark does not.
"""

import asyncio
import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.deadline import Deadline
from contract.messages import DRIFT_PPM

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # touched at each synchronisation
CHRONYC = ("/usr/bin/chronyc", "-c", "tracking")
CHRONY_FIELDS = 14
LOCAL_REFERENCE = "7F7F01"  # chrony's own clock, which nobody has set
ASK_S = 64.0
ANSWER_S = 5.0
STA_UNSYNC, STA_NANO = 0x0040, 0x2000  # linux/timex.h
TIME_ERROR = 5
KERNEL_PPM = 500  # how fast the kernel lets its maximum error grow
# Whatever a service states, its next exchange over a city's network may bend the clock by so much.
EXCHANGE_MS = 100
ROUNDING_MS = 2  # of two clocks to whole milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A synchronised kernel: the most its clock may be wrong, and what it still has to slew."""

    max_error_ms: float
    offset_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chrony:
    """chronyd's own word: how wrong the clock may have been at `at_ms` of the boot clock."""

    error_ms: float
    at_ms: int


def error_ms(
    kernel: Kernel | None, *, timesyncd_age_ms: int | None, chrony: Chrony | None, now_ms: int
) -> int | None:
    """How wrong the system's clock may be now, by the surest of those who vouch; None if none."""
    errors = []
    if kernel:
        errors.append(_by_kernel(kernel, timesyncd_age_ms))
    if chrony:
        errors.append(chrony.error_ms + (now_ms - chrony.at_ms) * DRIFT_PPM / 1e6)
    return max(int(min(errors)), EXCHANGE_MS) + ROUNDING_MS if errors else None


def _by_kernel(kernel: Kernel, age_ms: int | None) -> float:
    """The kernel grows its error far faster than a crystal; timesyncd says for how long it did.

    timesyncd tells the kernel a maximum error of 0, which no exchange with a server reaches.
    """
    if age_ms is None or age_ms < 0:
        return kernel.max_error_ms + abs(kernel.offset_ms)
    grown_ms = age_ms * (KERNEL_PPM - DRIFT_PPM) / 1e6
    return max(kernel.max_error_ms - grown_ms, 0) + EXCHANGE_MS + abs(kernel.offset_ms)


def timesyncd_age_ms(utc_ms: int, mark: Path = SYNCHRONISED) -> int | None:
    """How long ago timesyncd last synchronised; None if it did not, or the clock was set since."""
    try:
        age_ms = utc_ms - int(mark.stat().st_mtime * 1_000)
    except OSError:
        return None
    return age_ms if age_ms >= 0 else None


class ChronyWatch:
    """Asks chronyd now and then; without chrony on the gateway it does nothing."""

    def __init__(self, boot_ms: Callable[[], int], command: tuple[str, ...] = CHRONYC) -> None:
        self._boot_ms = boot_ms
        self._command = command
        self._word: Chrony | None = None

    @property
    def word(self) -> Chrony | None:
        """What it said last, unless that is too long ago."""
        word = self._word
        fresh = word and self._boot_ms() - word.at_ms < 2_000 * ASK_S
        return word if fresh else None

    async def run(self) -> None:
        """Until cancelled."""
        while os.access(self._command[0], os.X_OK):
            self._word = read_tracking(await self._ask(), at_ms=self._boot_ms())
            await asyncio.sleep(ASK_S)

    async def _ask(self) -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError:
            return ""
        try:
            async with Deadline(ANSWER_S):
                said, _ = await process.communicate()
        except TimeoutError:
            return ""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return said.decode("ascii", "replace") if process.returncode == 0 else ""


def read_tracking(line: str, *, at_ms: int) -> Chrony | None:
    """One line of `chronyc -c tracking`, if it says that chronyd is synchronised.

    Its manual: the error is at most |system time| + root dispersion + root delay / 2.
    """
    fields = line.strip().split(",")
    if len(fields) != CHRONY_FIELDS or fields[13] == "Not synchronised":
        return None
    if fields[0].startswith(LOCAL_REFERENCE):
        return None
    try:
        offset_s, delay_s, dispersion_s = float(fields[4]), float(fields[10]), float(fields[11])
    except ValueError:
        return None
    return Chrony(error_ms=1_000 * (abs(offset_s) + dispersion_s + delay_s / 2), at_ms=at_ms)


def read_kernel(state: int, status: int, *, max_error_us: int, offset: int) -> Kernel | None:
    """What adjtimex returned and filled in; None while the kernel is not synchronised."""
    if state in (-1, TIME_ERROR) or status & STA_UNSYNC:
        return None
    a_ms = 1_000_000 if status & STA_NANO else 1_000
    return Kernel(max_error_ms=max_error_us / 1_000, offset_ms=offset / a_ms)


def kernel_reader() -> Callable[[], Kernel | None]:
    """A call that asks the kernel."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = (ctypes.c_byte * 256)()  # struct timex is 208 bytes on 64 bit, 128 on 32 bit
    long_size = ctypes.sizeof(ctypes.c_long)

    def read() -> Kernel | None:
        ctypes.memset(timex, 0, 256)
        state = libc.adjtimex(ctypes.byref(timex))
        # modes (padded to a long), offset, freq, maxerror, esterror, status
        return read_kernel(
            state,
            ctypes.c_int.from_buffer(timex, 5 * long_size).value,
            max_error_us=ctypes.c_long.from_buffer(timex, 3 * long_size).value,
            offset=ctypes.c_long.from_buffer(timex, long_size).value,
        )

    return read
