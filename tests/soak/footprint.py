"""What a long life takes of its machine: whether memory, descriptors or the card's wear grow."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1_024
MAX_SLOPE_MIB, MAX_WRITTEN_MB = 1.0, 110.0  # a day
SETTLING = 0.5  # of the whole: until everything that happens has happened once


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Of one process at one moment of its life."""

    day: float
    resident_mib: float
    descriptors: int


def sample(day: float, process: str = "self") -> Sample:
    """Now."""
    folder = Path("/proc") / process
    pages = int((folder / "statm").read_text().split()[1])
    descriptors = len(list((folder / "fd").iterdir()))
    return Sample(day=day, resident_mib=pages * PAGE_KIB / 1_024, descriptors=descriptors)


def settled(samples: Sequence[Sample]) -> list[Sample]:
    """Those after the settling."""
    first, last = samples[0].day, samples[-1].day
    return [one for one in samples if one.day >= first + (last - first) * SETTLING]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """MiB a day, and the standard error of that."""

    mib: float
    error_mib: float

    def __str__(self) -> str:
        return f"{self.mib:+.2f} ± {self.error_mib:.2f} MiB a day"


def slope(samples: Sequence[Sample]) -> Slope:
    """The straight line through the resident memory of these."""
    days = [one.day for one in samples]
    resident_mib = [one.resident_mib for one in samples]
    line = statistics.linear_regression(days, resident_mib)
    off = [y - line.slope * x - line.intercept for x, y in zip(days, resident_mib, strict=True)]
    spread = statistics.pstdev(days) * len(days) ** 0.5
    error_mib = (sum(one**2 for one in off) / max(1, len(off) - 2)) ** 0.5 / spread
    return Slope(mib=line.slope, error_mib=error_mib)


def leaked(samples: Sequence[Sample]) -> int:
    """Descriptors more at the end than there ever were in the first half."""
    half = samples[: max(1, len(samples) // 2)]
    return samples[-1].descriptors - max(one.descriptors for one in half)


def what_grows(samples: Sequence[Sample], *, written_mb: float | None = None) -> list[str]:
    """What a gateway cannot bear for years, in words; `written_mb` of a day."""
    steady = settled(samples)
    found = []
    grows = slope(steady)
    if grows.mib - 2 * grows.error_mib >= MAX_SLOPE_MIB:
        found.append(f"memory grows: {grows}")
    if (more := leaked(steady)) > 0:
        found.append(f"{more} descriptors leaked")
    if written_mb is not None and written_mb > MAX_WRITTEN_MB:
        found.append(f"{written_mb:.0f} MB a day are written to the card")
    return found
