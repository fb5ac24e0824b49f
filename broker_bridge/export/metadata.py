"""What an export says of itself, as Satu Data Indonesia wants it of all data of the state."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from broker_bridge.export.asked import Dataset, Format
from broker_bridge.export.completeness import Period
from contract.event_types import EVENTS
from contract.identity import Kind
from contract.quantities import QUANTITIES


class Definition(BaseModel):
    """One column or quantity: its concept, what it means, its classification and its unit."""

    model_config = ConfigDict(frozen=True)

    name: str
    concept: str
    definition: str
    unit: str = ""  # UCUM
    classification: tuple[str, ...] = ()


class CompletenessOf(BaseModel):
    """Of each day of the city; `periods` is None where a day is not whole in the file."""

    model_config = ConfigDict(frozen=True)

    definition: str
    time_zone: str
    periods: tuple[Period, ...] | None
    note: str = ""


class Metadata(BaseModel):
    """Beside each export; enough to read it, to check it and to go on from it."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    title: str
    city: str
    producer: str | None
    licence: str | None
    public: bool
    dataset: Dataset
    format: Format
    file: str
    bytes: int
    sha256: str
    rows: int
    made_at: datetime
    time_zone: str
    period_from: str | None
    period_until: str | None
    asked: dict[str, tuple[str, ...]]
    since: str | None
    cursor: str | None
    columns: tuple[Definition, ...]
    quantities: tuple[Definition, ...] = ()
    event_types: tuple[Definition, ...] = ()
    reference_codes: dict[str, str]
    completeness: CompletenessOf | None = None


RECEIVED_OF_DUE = (
    "readings received of readings due. Due is one in each sampling interval that the city's"
    " settings name for the kind and quantity, of each asset that ever reported it: from its first"
    " reading in this file on, or, if it has none here, from the beginning"
)
INTERVAL_UNKNOWN = (
    "readings whose kind and quantity have no interval in [retention] interval_s are counted as"
    " received and are not due"
)
NOT_WHOLE = "a file since a cursor holds no whole day: ask for the completeness with --from"

REFERENCE_CODES = {
    "kelurahan": "codes of administrative areas, Ministry of Home Affairs of Indonesia",
    "unit": "UCUM, case-sensitive codes",
    "type": "TALQ and uCIFI names where there is one",
    "quantity": "attributes of Smart Data Models where there is one",
    "time": "RFC 3339",
    "place": "WGS 84 (EPSG:4326)",
}

_KINDS = tuple(kind.value for kind in Kind)
_TIME_QUALITIES = ("exact", "repaired", "estimated")


def _of(name: str, concept: str, definition: str, **more: object) -> Definition:
    return Definition.model_validate(
        {"name": name, "concept": concept, "definition": definition, **more}
    )


_COLUMNS = {
    one.name: one
    for one in (
        _of("observed_at", "time", "when it was observed; empty while its date is not known"),
        _of("hour", "time", "when the hour begins"),
        _of("from", "time", "when the first of it was observed, as far as it is known"),
        _of("until", "time", "when the last of it was observed, as far as it is known"),
        _of("kind", "asset", "what the asset is", classification=_KINDS),
        _of("asset", "asset", "the city's inventory number of what was observed"),
        _of("quantity", "measurement", "what was measured; see quantities"),
        _of("value", "measurement", "the measured value, in its unit"),
        _of("unit", "measurement", "the unit of the value, as a UCUM code"),
        _of("quality", "quality", "whether the value is plausible",
            classification=("good", "suspect")),
        _of("time_quality", "quality", "how its time is known", classification=_TIME_QUALITIES),
        _of("uncertainty_ms", "quality", "how wrong its time may be; empty if not known",
            unit="ms"),
        _of("gateway", "origin", "the gateway that observed it"),
        _of("type", "event", "what happened; see event_types"),
        _of("phase", "event", "whether it began or ended", classification=("begin", "end")),
        _of("open", "event", "whether it had begun and not ended when this file was made"),
        _of("id", "event", "the same for its begin and its end"),
        _of("count", "aggregate", "readings received in the hour", unit="1"),
        _of("suspect", "aggregate", "how many of them are suspect", unit="1"),
        _of("estimated", "aggregate", "of how many the time is estimated", unit="1"),
        _of("min", "aggregate", "the lowest value that is not suspect"),
        _of("mean", "aggregate", "the mean of the values that are not suspect"),
        _of("max", "aggregate", "the highest value that is not suspect"),
        _of("due", "aggregate", "readings due in the hour; empty if not known", unit="1"),
        _of("completeness", "aggregate", "count of due, 1 at most; empty if not known", unit="1"),
        _of("state", "gap", "what became of it",
            classification=("lost", "rejected", "unexplained")),
        _of("reason", "gap", "why"),
        _of("readings", "gap", "how many readings", unit="1"),
        _of("events", "gap", "how many events", unit="1"),
        _of("epoch", "gap", "the run of the agent that sealed them"),
        _of("first", "gap", "the first of their numbers in the epoch", unit="1"),
        _of("last", "gap", "the last of their numbers in the epoch", unit="1"),
    )
}  # fmt: skip


def columns_named(names: tuple[str, ...]) -> tuple[Definition, ...]:
    """In the order of the file."""
    return tuple(_COLUMNS[name] for name in names)


def quantities_named(names: set[str]) -> tuple[Definition, ...]:
    """What was measured, sorted; one that the contract does not list has no definition."""
    return tuple(_quantity(name) for name in sorted(names))


def types_named(names: set[str]) -> tuple[Definition, ...]:
    """What happened, sorted."""
    about = {str(type_): said for type_, said in EVENTS.items()}
    return tuple(
        _of(
            name,
            about[name].named_by if name in about else "",
            about[name].meaning if name in about else "not listed",
        )
        for name in sorted(names)
    )


def _quantity(name: str) -> Definition:
    known = QUANTITIES.get(name)
    if known is None:
        return _of(name, "", "not listed")
    return _of(name, known.feeds, known.meaning, unit=known.unit)
