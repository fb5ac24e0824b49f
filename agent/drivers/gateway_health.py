"""The gateway itself: heat, power, card, memory and clock, from what its kernel tells.

Throttling: Raspberry Pi firmware `get_throttled`, bit 2. Undervoltage: hwmon `rpi_volt`. Card wear:
JEDEC eMMC 5.1 life time estimate in tenths, which only eMMC tells. What a kernel lacks is left out.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.clock import Clock
from agent.drivers.driver import Observation

TEMPERATURE = "sys/class/thermal/thermal_zone0/temp"
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
HWMON, PI_VOLT, LOW_VOLT = "sys/class/hwmon", "rpi_volt", "in0_lcrit_alarm"
BLOCKS, WEAR = "sys/block", "mmcblk*/device/life_time"
MEMORY = "proc/meminfo"
THROTTLED_NOW = 1 << 2
KIB = 1_024
MAX_BYTES = 8_192
MAX_DIGITS = 20

Counts = Callable[[], tuple[int, int]]


class GatewayHealthDriver:
    """`root` is where /sys and /proc are; `counts` is reads tried and failed since the start."""

    def __init__(self, *, root: Path, data_dir: Path, clock: Clock, counts: Counts) -> None:
        self._root = root
        self._data_dir = data_dir
        self._clock = clock
        self._counts = counts
        self._before = (0, 0)

    async def read(self) -> tuple[Observation, ...]:
        """What this kernel and card tell; never fails."""
        return tuple(self._observe())

    def _observe(self) -> Iterator[Observation]:
        if (milli := _number(self._root / TEMPERATURE)) is not None:
            yield Observation(quantity="cpu_temperature", value=milli / 1_000)
        if (bits := _number(self._root / THROTTLED, base=16)) is not None:
            yield Observation(quantity="throttled", value=float(bool(bits & THROTTLED_NOW)))
        if (low := self._low_volt()) is not None:
            yield Observation(quantity="undervoltage", value=float(low))
        if (free := _free_bytes(self._data_dir)) is not None:
            yield Observation(quantity="card_free", value=float(free))
        if (worn := self._wear()) is not None:
            yield Observation(quantity="card_wear", value=worn)
        if (kib := self._available_kib()) is not None:
            yield Observation(quantity="memory_available", value=float(kib * KIB))
        yield Observation(quantity="clock_known", value=float(self._clock.sight() is not None))
        yield from self._failed_reads()

    def _low_volt(self) -> int | None:
        for folder in sorted((self._root / HWMON).glob("hwmon*")):
            if _text(folder / "name").strip() == PI_VOLT:
                return _number(folder / LOW_VOLT)
        return None

    def _wear(self) -> float | None:
        """Per cent of the card's life that is used, by the worse of its two estimates."""
        for path in sorted((self._root / BLOCKS).glob(WEAR)):
            words = (_hexadecimal(word) for word in _text(path).split())
            tenths = [word for word in words if word is not None]
            if tenths and max(tenths) > 0:
                return min(100.0, max(tenths) * 10.0)
        return None

    def _available_kib(self) -> int | None:
        for line in _text(self._root / MEMORY).splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return _parsed(rest.partition("kB")[0].strip(), 10)
        return None

    def _failed_reads(self) -> Iterator[Observation]:
        tried, failed = self._counts()
        before_tried, before_failed = self._before
        self._before = (tried, failed)
        if tried > before_tried:
            share = (failed - before_failed) / (tried - before_tried)
            yield Observation(quantity="failed_reads", value=round(share, 4))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("ascii", "replace")
    except OSError:
        return ""


def _number(path: Path, *, base: int = 10) -> int | None:
    return _parsed(_text(path), base)


def _hexadecimal(word: str) -> int | None:
    return _parsed(word, 16)


def _parsed(text: str, base: int) -> int | None:
    try:
        return int(text, base) if len(text) <= MAX_DIGITS else None
    except ValueError:
        return None


def _free_bytes(folder: Path) -> int | None:
    try:
        figures = os.statvfs(folder)
    except OSError:
        return None
    return figures.f_bavail * figures.f_frsize
