"""What crosses the border between the outbox's decisions and its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.learned import Learned
from contract.identity import AssetId, BootId, Epoch
from contract.messages import Counts, Origin, Parent
from contract.ranges import Range, RangeSet
from contract.readings import Event

GoneState = Literal["evicted", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Numbers of one epoch whose batches left the card, and why."""

    state: GoneState
    numbers: Range
    counts: Counts
    reason: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """One epoch as the file has it; `counts` is all it ever sealed."""

    id: int
    epoch: Epoch
    boot: BootId
    parent: Parent | None
    sealed: int
    counts: Counts
    held: RangeSet
    events: RangeSet
    settled: RangeSet
    rejected: RangeSet
    gone: tuple[Gone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What rounds take of the card."""

    batch_bytes: float
    bytes_a_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """One sealed batch on its way to the card; immutable from here on."""

    epoch_id: int
    n: int
    counts: Counts
    before: Counts
    from_ms: int
    to_ms: int
    sha256: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shed:
    """What found no room in memory while the card could not be written."""

    counts: Counts
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoss:
    """A number under which nothing was ever sealed; it names what was shed as lost."""

    epoch_id: int
    n: int
    shed: Shed


@dataclass(frozen=True, slots=True, kw_only=True)
class Victims:
    """Numbers to be deleted in a commit, `evicted` because settled or `lost` because unsettled."""

    epoch_id: int
    numbers: Range
    state: GoneState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochUpdate:
    """What the city said of an epoch since the last commit."""

    epoch_id: int
    settled: RangeSet
    rejected: RangeSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything one round writes, in one transaction."""

    batch: NewBatch | None
    loss: NewLoss | None = None  # comes before the batch
    victims: tuple[Victims, ...] = ()
    updates: tuple[EpochUpdate, ...] = ()
    receipt_version: int = 0
    origins: tuple[Origin, ...] = ()
    open_events: tuple[Event, ...] | None = None
    learned: Mapping[AssetId, Learned] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a commit did; `used_bytes` is what the file's batches and records take.

    `gone` is, of each epoch that gave something up, everything that ever left the card.
    """

    used_bytes: int
    room_bytes: int
    gone: tuple[tuple[int, tuple[Gone, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One batch read back for sending; its bytes are the ones that were sealed."""

    n: int
    sha256: str
    body: bytes
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a range of held numbers holds."""

    counts: Counts
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The whole file at the start, oldest epoch first."""

    epochs: tuple[EpochRecord, ...]
    origins: tuple[Origin, ...]
    open_events: tuple[Event, ...]
    learned: Mapping[AssetId, Learned]
    receipt_version: int
    used_bytes: int
    room_bytes: int
