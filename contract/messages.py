"""The bodies of every message, validated at the border; unknown fields are refused."""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contract.identity import (
    AssetField,
    BootField,
    EpochField,
    GatewayField,
    Kind,
)
from contract.readings import Phase

VERSION: Final = 1

MAX_NUMBER = 2**40 - 1  # a batch number shares a 63-bit row id with its epoch on the gateway
MAX_READINGS = 20_000
MAX_EVENTS = 1_000
MAX_RANGES = 500
MAX_EPOCHS = 200
MAX_BOOTS = 200
DRIFT_PPM = 50  # how fast a Pi's crystal may leave UTC while nobody corrects it
SLEW_MS = 1_000  # what chrony slews instead of stepping; timesyncd 400, ntpd 128

Count = Annotated[int, Field(ge=0, le=2**53)]
Number = Annotated[int, Field(ge=1, le=MAX_NUMBER)]
Revision = Annotated[int, Field(ge=1, le=2**53)]
Millis = Annotated[int, Field(ge=-(2**53), le=2**53)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
QuantityName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
EventName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{0,63}$")]
MAX_LOG_LINES = 20
Short = Annotated[str, StringConstraints(max_length=200)]


class Message(BaseModel):
    """Frozen, strict about its fields, and versioned."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,  # a program pays for the models it uses
    )


class Counts(Message):
    """Readings and events are counted apart, everywhere."""

    readings: Count = 0
    events: Count = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(readings=self.readings + other.readings, events=self.events + other.events)


class Parent(Message):
    """The epoch before this one on the same card, and the last number it sealed."""

    epoch: EpochField
    n: Count


class EventColumn(Message):
    """One event of a body; `asset` is an index into the body's assets."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
    asset: Annotated[int, Field(ge=0)]
    type: EventName
    phase: Phase
    offset_ms: Count
    detail: Short = ""


class BatchBody(Message):
    """One round's readings, or events, in columns; times are boot clock ms from `base_ms`."""

    v: Literal[1] = VERSION
    boot: BootField
    base_ms: Millis
    assets: Annotated[list[tuple[AssetField, Kind]], Field(max_length=MAX_READINGS)]
    quantities: Annotated[list[QuantityName], Field(max_length=1_000)]
    asset: Annotated[list[int], Field(max_length=MAX_READINGS)]
    quantity: Annotated[list[int], Field(max_length=MAX_READINGS)]
    offset_ms: Annotated[list[int], Field(max_length=MAX_READINGS)]
    value: Annotated[list[float], Field(max_length=MAX_READINGS)]
    suspect: Annotated[list[int], Field(max_length=MAX_READINGS)] = []
    events: Annotated[list[EventColumn], Field(max_length=MAX_EVENTS)] = []
    counts: Counts
    sealed_before: Counts
    parent: Parent | None = None

    @model_validator(mode="after")
    def _columns_agree(self) -> Self:
        size = len(self.value)
        if not len(self.asset) == len(self.quantity) == len(self.offset_ms) == size:
            raise ValueError("its columns differ in length")
        if (self.counts.readings, self.counts.events) != (size, len(self.events)):
            raise ValueError("its counts are not those of its columns")
        _check_indices("asset", self.asset, len(self.assets))
        _check_indices("asset", [event.asset for event in self.events], len(self.assets))
        _check_indices("quantity", self.quantity, len(self.quantities))
        _check_indices("suspect", self.suspect, size)
        _check_indices("offset_ms", self.offset_ms, 2**40)
        return self


def _check_indices(name: str, column: list[int], size: int) -> None:
    if column and not 0 <= min(column) <= max(column) < size:
        raise ValueError(f"its column {name} points outside its table")


class Origin(Message):
    """UTC at the zero of one boot's clock, as known now; a higher revision replaces.

    `uncertainty_ms` holds at `seen_ms` of that clock and grows by DRIFT_PPM away from it; before
    it, by SLEW_MS too: a slew bends the boot's own clock.
    """

    boot: BootField
    origin_ms: Millis
    uncertainty_ms: Count
    revision: Revision
    seen_ms: Count | None = None

    def uncertainty_at(self, at_ms: int) -> int:
        """How wrong a time may be that this origin gives to `at_ms` of its boot's clock."""
        return self.uncertainty_ms + drift_ms(at_ms, self.seen_ms or 0)


def drift_ms(at_ms: int, seen_ms: int) -> int:
    """How far a boot's clock may have left UTC at `at_ms` if it was seen at `seen_ms`."""
    drifted_ms = (abs(at_ms - seen_ms) * DRIFT_PPM + 999_999) // 1_000_000
    return drifted_ms + (SLEW_MS if at_ms < seen_ms else 0)


HeldState = Literal["open", "settled", "rejected", "evicted", "lost"]
OUTBOX_DAMAGED = "outbox damaged"  # a reason: how much was lost may only be guessed


class HeldRange(Message):
    """What the gateway says of the numbers `first` to `last` of one epoch.

    `open`, `settled` and `rejected` ones it still has; `evicted` were settled and are gone;
    `lost` were given up, for `reason`. `from_ms` and `to_ms` are of their boot's clock.
    """

    state: HeldState
    first: Number
    last: Number
    counts: Counts
    reason: Short = ""
    from_ms: Millis | None = None
    to_ms: Millis | None = None


class EpochHolding(Message):
    """What one epoch sealed, and what became of it on the gateway."""

    epoch: EpochField
    boot: BootField
    parent: Parent | None = None
    sealed: Count
    sealed_counts: Counts
    ranges: Annotated[list[HeldRange], Field(max_length=MAX_RANGES)]


class Holding(Message):
    """The gateway's statement, whole; a higher revision replaces."""

    v: Literal[1] = VERSION
    gateway: GatewayField
    revision: Revision
    origins: Annotated[list[Origin], Field(max_length=MAX_BOOTS)] = []
    epochs: Annotated[list[EpochHolding], Field(max_length=MAX_EPOCHS)]


class Rejection(Message):
    """A number the store will never take with these bytes."""

    n: Number
    sha256: Sha256
    reason: Short


class EpochReceipt(Message):
    """What the store says of the numbers `first` to `last` of one epoch, and of no others.

    A number in that interval and in none of the lists is open.
    """

    epoch: EpochField
    first: Number
    last: Count
    committed: list[tuple[Number, Number]]
    rejected: list[Rejection] = []
    lost: list[tuple[Number, Number]] = []


class Receipt(Message):
    """The city's statement, whole; an epoch it does not name has nothing committed."""

    v: Literal[1] = VERSION
    gateway: GatewayField
    version: Revision
    epochs: Annotated[list[EpochReceipt], Field(max_length=MAX_EPOCHS)]

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        ranges = sum(len(e.committed) + len(e.rejected) + len(e.lost) for e in self.epochs)
        if ranges > MAX_RANGES:
            raise ValueError(f"it has {ranges} ranges, {MAX_RANGES} at most")
        return self


class Backlog(Message):
    """What a gateway has sealed and the city has not yet receipted."""

    batches: Count
    counts: Counts
    oldest_age_ms: Count


class LogLine(Message):
    """What changed on a gateway, how long ago it was last so, and how often in a day."""

    age_ms: Count
    text: Short
    times: Annotated[int, Field(ge=1, le=2**53)] = 1


class Status(Message):
    """A gateway's own health; `offline` is its Last Will and carries nothing else."""

    v: Literal[1] = VERSION
    gateway: GatewayField
    state: Literal["online", "stopped", "offline"]
    boot: BootField | None = None
    epoch: EpochField | None = None
    program: Short = ""
    uptime_ms: Count | None = None
    sealed: Counts | None = None
    backlog: Backlog | None = None
    free_bytes: Count | None = None
    outbox_bytes: Count | None = None
    runway_days: Annotated[float, Field(ge=0, le=1e9)] | None = None
    faults: Annotated[list[Short], Field(max_length=100)] = []
    log: Annotated[list[LogLine], Field(max_length=MAX_LOG_LINES)] | None = None


TimeQuality = Literal["exact", "repaired", "estimated"]


class QuantityState(Message):
    """The newest reading of one quantity; `observed_at` is RFC 3339 UTC with milliseconds."""

    value: float
    unit: str
    quality: Literal["good", "suspect"]
    time_quality: TimeQuality
    observed_at: str


class OpenEvent(Message):
    """An event that has begun and not ended."""

    id: str
    type: EventName
    began_at: str | None = None
    detail: Short = ""


class AssetState(Message):
    """The feed's retained state of one asset; it never goes back in time."""

    v: Literal[1] = VERSION
    asset: AssetField
    kind: Kind
    gateway: GatewayField
    registered: bool
    observed_at: str
    quantities: dict[str, QuantityState]
    open_events: list[OpenEvent] = []


class AssetEvent(Message):
    """One begin or end of an event, told once it is committed."""

    v: Literal[1] = VERSION
    id: str
    asset: AssetField
    kind: Kind
    gateway: GatewayField
    type: EventName
    phase: Phase
    observed_at: str | None = None
    time_quality: TimeQuality | None = None
    detail: Short = ""


class GatewayState(Message):
    """The feed's retained state of one gateway: its status, as last heard by a bridge."""

    v: Literal[1] = VERSION
    gateway: GatewayField
    registered: bool
    heard_at: str
    status: Status


class KindSummary(Message):
    """How many assets of one kind are well, faulty and silent; told anew when that changes.

    Silent: no reading was observed for `silent_after_s`. Faulty: heard, with an open event. Of
    gateways: silent if not online, faulty if one names faults of its own.
    """

    v: Literal[1] = VERSION
    kind: Kind
    well: Count
    faulty: Count
    silent: Count
    silent_after_s: Count
    as_of: str
