"""What really was sealed, kept apart from everything the product believes about itself."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from contract.identity import BootId, Epoch, GatewayId
from tests.campaigns.seeds import Violation

_T = TypeVar("_T")
Batch = tuple[GatewayId, Epoch, int]
Excuse = Literal["refused by the database", "destroyed with its card", "given up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedReading:
    """One reading; its value is unlike any other's."""

    asset: str
    boot: BootId
    at_ms: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One batch: its readings and how many events."""

    readings: tuple[SealedReading, ...]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One reading in the store; `observed_ms` is None while it has no date."""

    batch: Batch
    asset: str
    at_ms: int | None
    observed_ms: int | None
    value: float


@dataclass(slots=True)
class Truth:
    """Every batch that was ever durable on a card."""

    sealed: dict[Batch, Sealed] = field(default_factory=dict)
    excused: dict[Batch, Excuse] = field(default_factory=dict)
    booted_ms: dict[BootId, int] = field(default_factory=dict)

    def add(self, name: Batch, sealed: Sealed) -> None:
        """It is durable from now on."""
        if name in self.sealed and self.sealed[name] != sealed:
            raise Violation(f"{name} was sealed twice with different readings")
        self.sealed[name] = sealed

    def excuse(self, name: Batch, why: Excuse) -> None:
        """It need not be in the store."""
        self.excused.setdefault(name, why)

    def judge(self, rows: Iterable[Row], events: Iterable[tuple[Batch, str]]) -> None:
        """Raises Violation unless each sealed reading and event is there once, as it was."""
        found: Counter[tuple[Batch, float]] = Counter()
        by_value = {
            (name, reading.value): reading
            for name, sealed in self.sealed.items()
            for reading in sealed.readings
        }
        for row in rows:
            reading = by_value.get((row.batch, row.value))
            if reading is None:
                raise Violation(f"invented: {row} was never sealed")
            self._check_instant(row, reading)
            found[row.batch, row.value] += 1
        self._count(found, set(by_value), "readings")
        all_events = {(n, event) for n, sealed in self.sealed.items() for event in sealed.events}
        self._count(Counter(events), all_events, "events")

    def _count(
        self, found: "Counter[tuple[Batch, _T]]", due: set[tuple[Batch, _T]], what: str
    ) -> None:
        doubled = [key for key, count in found.items() if count > 1]
        if doubled:
            raise Violation(f"duplicated: {len(doubled)} {what}, such as {doubled[0]}")
        lost = [key for key in due if key not in found and key[0] not in self.excused]
        if lost:
            raise Violation(f"lost: {len(lost)} {what}, such as {sorted(map(str, lost))[0]}")
        strange = [key for key in found if key not in due]
        if strange:
            raise Violation(f"invented: {len(strange)} {what}, such as {strange[0]}")

    def _check_instant(self, row: Row, reading: SealedReading) -> None:
        if row.asset != reading.asset:
            raise Violation(f"moved: {row} was sealed for {reading.asset}")
        if row.observed_ms is None:
            if row.at_ms != reading.at_ms:
                raise Violation(f"misdated: {row} was read at {reading.at_ms} ms of its boot")
        elif row.observed_ms != self.booted_ms[reading.boot] + reading.at_ms:
            due_ms = self.booted_ms[reading.boot] + reading.at_ms
            raise Violation(f"misdated: {row} was read at {due_ms} ms UTC")
