"""Each sealed number is exactly one of four things, by the rows the store has of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from contract.identity import Epoch, GatewayId
from scripts.district.sealed import Outbox
from scripts.district.stored import Name, Stored

MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was sealed, and what became of it; `duplicates` are rows beyond the sealed."""

    sealed: int = 0
    committed: int = 0
    held: int = 0
    rejected: int = 0
    lost: int = 0
    duplicates: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            sealed=self.sealed + other.sealed,
            committed=self.committed + other.committed,
            held=self.held + other.held,
            rejected=self.rejected + other.rejected,
            lost=self.lost + other.lost,
            duplicates=self.duplicates + other.duplicates,
        )

    @property
    def closes(self) -> bool:
        """sealed = committed + held + rejected + lost."""
        return self.sealed == self.committed + self.held + self.rejected + self.lost


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLost:
    """What the city itself names as lost of one gateway."""

    readings: int = 0
    events: int = 0

    @property
    def any(self) -> bool:
        """Whether there is something."""
        return bool(self.readings or self.events)


NOTHING_LOST = NamedLost()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One gateway's balance; `unsealed` readings were taken just before a kill."""

    gateway: GatewayId
    readings: Tally
    events: Tally
    unsealed: int = 0

    def complaints(self, named: NamedLost = NOTHING_LOST) -> Iterator[str]:
        """A sentence for whatever should not be; only what is named may be lost."""
        for what, tally in (("readings", self.readings), ("events", self.events)):
            if not tally.closes:
                yield f"{self.gateway}: the balance of {what} does not close: {tally}"
            if tally.lost != getattr(named, what):
                stated = f", {getattr(named, what)} are named as lost" if named.any else ""
                yield f"{self.gateway}: {tally.lost} {what} are lost{stated}"
            if tally.duplicates:
                yield f"{self.gateway}: {tally.duplicates} {what} are stored twice"


def sheet_of(outbox: Outbox, stored: Stored) -> Sheet:
    """The balance of one gateway, counted."""
    rows = Counter(reading.batch for reading in stored.readings)
    readings, events = Tally(), Tally()
    for batch in outbox.batches:
        name = (outbox.gateway, batch.epoch, batch.n)
        fate = "rejected" if name in stored.rejected else "lost" if batch.settled else "held"
        readings += _tally(len(batch.readings), rows[name], fate)
        events += _tally(batch.events, stored.events.get(name, 0), fate)
    for gone in outbox.given_up:
        names = [(outbox.gateway, gone.epoch, n) for n in range(gone.first, gone.last + 1)]
        fate = "rejected" if stored.rejected.issuperset(names) else "lost"
        readings += _tally(gone.readings, sum(rows[name] for name in names), fate)
        events += _tally(gone.events, sum(stored.events.get(name, 0) for name in names), fate)
    return Sheet(gateway=outbox.gateway, readings=readings, events=events)


def _tally(sealed: int, rows: int, fate: str) -> Tally:
    """`fate` is what a number without any row came to; one with some rows has lost the rest."""
    missing = max(sealed - rows, 0)
    if rows and fate == "held":
        fate = "lost"
    return Tally(
        sealed=sealed,
        committed=min(rows, sealed),
        held=missing if fate == "held" else 0,
        rejected=missing if fate == "rejected" else 0,
        lost=missing if fate == "lost" else 0,
        duplicates=max(rows - sealed, 0),
    )


def never_sealed(stored: Stored, outboxes: Sequence[Outbox]) -> list[str]:
    """Batches of the store that no gateway has any record of."""
    known = {name for outbox in outboxes for name in _names(outbox)}
    strange = {reading.batch for reading in stored.readings} - known
    return [
        f"{gateway}: batch {n} of epoch {epoch} is stored but was never sealed"
        for gateway, epoch, n in sorted(strange)[:MAX_FINDINGS]
    ]


def _names(outbox: Outbox) -> Iterator[Name]:
    for batch in outbox.batches:
        yield outbox.gateway, batch.epoch, batch.n
    for gone in outbox.given_up:
        for n in range(gone.first, gone.last + 1):
            yield outbox.gateway, gone.epoch, n


def repeated(stored: Stored) -> list[str]:
    """Rows of one asset, quantity and instant beyond the first, under whatever number they came."""
    seen = Counter((r.batch[0], r.asset, r.quantity, r.at_ms) for r in stored.readings)
    return _first(
        f"{gateway}: {asset} {quantity} at {at_ms} ms is stored {count} times"
        for (gateway, asset, quantity, at_ms), count in seen.items()
        if count > 1
    )


def out_of_order(stored: Stored) -> list[str]:
    """Readings of one asset and quantity whose numbers and whose times do not rise together."""
    series: dict[tuple[str, Epoch, str, str], list[tuple[int, int]]] = defaultdict(list)
    for reading in stored.readings:
        gateway, epoch, n = reading.batch
        series[gateway, epoch, reading.asset, reading.quantity].append((n, reading.at_ms))
    return _first(
        f"{gateway}: {asset} {quantity} at {later} ms of batch {n} in epoch {epoch} is stored"
        f" with a time before {earlier} ms of a batch sealed before it"
        for (gateway, epoch, asset, quantity), numbered in series.items()
        for (_, earlier), (n, later) in pairwise(sorted(numbered))
        if later < earlier
    )


def _first(sentences: Iterable[str]) -> list[str]:
    return [sentence for _, sentence in zip(range(MAX_FINDINGS), sentences, strict=False)]
