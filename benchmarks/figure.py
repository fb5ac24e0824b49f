"""A measured figure, what it must reach, and the file that keeps the newest of each."""

import json
import os
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

RESULTS = Path(__file__).with_name("results.json")

Comparison = Literal["<=", ">=", "=="]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a value is held against."""

    comparison: Comparison
    value: float

    def __str__(self) -> str:
        return f"{self.comparison} {self.value:g}"

    def met_by(self, value: float) -> bool:
        """Whether `value` reaches it."""
        if self.comparison == "<=":
            return value <= self.value
        return value >= self.value if self.comparison == ">=" else value == self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row; its name begins with the benchmark's. `detail` says how it came about."""

    name: str
    value: float
    unit: str
    target: Target
    detail: str = ""

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.target.met_by(self.value)

    def row(self) -> dict[str, object]:
        """As it stands in the results."""
        return {
            "name": self.name,
            "value": _four_digits(self.value),
            "unit": self.unit,
            "target": str(self.target),
            "met": self.met,
            "detail": self.detail,
        }


def _four_digits(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < 1_000 and value % 1 else round(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one call of `python -m benchmarks` asks for."""

    folder: Path  # scratch, on the disk that is to be measured
    say: Say
    minutes: float = 10.0
    gateways: int = 2_000  # of the fleet
    rows: int = 100_000_000  # readings that `growth` stores
    readings: int = 10_000_000  # of a store that is read
    nightly: bool = False  # the campaigns' long sizes
    profile: Path | None = None  # a folder for the samples of agent and bridge


Benchmark = Callable[[Run], Iterator[Figure]]


def at_most(value: float) -> Target:
    """Smaller is better."""
    return Target(comparison="<=", value=value)


def at_least(value: float) -> Target:
    """Larger is better."""
    return Target(comparison=">=", value=value)


def exactly(value: float) -> Target:
    """Nothing else will do."""
    return Target(comparison="==", value=value)


def load() -> str:
    """How busy the machine has been for a minute, since others may share it."""
    return f"load average {os.getloadavg()[0]:.2f}"


def spread(values: Sequence[float], *, digits: int = 2) -> str:
    """The runs behind a median."""
    shown = ", ".join(f"{value:,.{digits}f}" for value in sorted(values))
    return f"median {statistics.median(values):,.{digits}f} of {len(values)}: {shown}"


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent * 10) // 1000) - 1)]


def keep(path: Path, measured: Mapping[str, Sequence[Figure]]) -> None:
    """Replaces the rows of each benchmark in `measured`; the others stay as they are."""
    kept = json.loads(path.read_text()) if path.exists() else []
    rows = [row for row in kept if str(row["name"]).split(".")[0] not in measured]
    rows += [figure.row() for figures in measured.values() for figure in figures]
    lines = ",\n ".join(json.dumps(row) for row in sorted(rows, key=lambda row: str(row["name"])))
    path.write_text(f"[{lines}]\n")
