"""Which rows of a damaged outbox can be believed; a torn page may say anything."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from agent.outbox.records import GoneState
from contract.identity import AssetField, BootField, EpochField, Kind
from contract.messages import Count, Millis, Number, Origin, Short

Row = tuple[object, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Epoch(_Strict):
    id: Number
    epoch: EpochField
    boot: BootField
    parent_epoch: EpochField | None
    parent_n: Count | None
    settled: str
    rejected: str
    receipt_version: Count


class _Gone(_Strict):
    epoch_id: Number
    first: Number
    last: Number
    state: GoneState
    reason: Short
    readings: Count
    events: Count
    from_ms: Millis
    to_ms: Millis


class _OpenEvent(_Strict):
    id: str
    asset: AssetField
    kind: str
    type: str
    at_ms: Millis
    detail: Short


_RANGES = TypeAdapter(list[tuple[Number, Number]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How a table is read, which of its rows are believed, and how they are written."""

    read: str
    write: str
    is_sound: Callable[[Row], bool]


def _named(model: type[BaseModel], row: Sequence[object]) -> BaseModel:
    return model.model_validate(dict(zip(model.model_fields, row, strict=True)))


def _epoch_is_sound(row: Row) -> bool:
    try:
        epoch = _named(_Epoch, row)
        assert isinstance(epoch, _Epoch)
        for numbers in (epoch.settled, epoch.rejected):
            _RANGES.validate_python(json.loads(numbers))
    except (ValidationError, ValueError):
        return False
    return True


def _gone_is_sound(row: Row) -> bool:
    try:
        gone = _named(_Gone, row)
    except ValidationError:
        return False
    assert isinstance(gone, _Gone)
    return gone.first <= gone.last


def _origin_is_sound(row: Row) -> bool:
    boot, origin_ms, uncertainty_ms, revision = row
    try:
        Origin.model_validate(
            {
                "boot": boot,
                "origin_ms": origin_ms,
                "uncertainty_ms": uncertainty_ms,
                "revision": revision,
            }
        )
    except ValidationError:
        return False
    return True


def _event_is_sound(row: Row) -> bool:
    try:
        event = _named(_OpenEvent, row)
    except ValidationError:
        return False
    assert isinstance(event, _OpenEvent)
    return event.kind in Kind._value2member_map_


def every(table: str, columns: Iterable[str]) -> str:
    """Reads all of a table under names of ours: those in a torn schema may be no text at all, and
    Python gives no row then.
    """
    names = ", ".join(columns)
    return f"WITH told({names}) AS (SELECT * FROM {table}) SELECT * FROM told"  # noqa: S608 our own


TABLES = (
    Table(
        read=f"{every('epoch', _Epoch.model_fields)} ORDER BY id",
        write="INSERT OR IGNORE INTO epoch VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        is_sound=_epoch_is_sound,
    ),
    Table(
        read=every("gone", _Gone.model_fields),
        write="INSERT OR IGNORE INTO gone VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        is_sound=_gone_is_sound,
    ),
    Table(  # an older file has no seen_ms; without it an origin's uncertainty only grows
        read="SELECT boot, origin_ms, uncertainty_ms, revision FROM origin",
        write="INSERT OR IGNORE INTO origin VALUES (?, ?, ?, ?, NULL)",
        is_sound=_origin_is_sound,
    ),
    Table(
        read=every("open_event", _OpenEvent.model_fields),
        write="INSERT OR IGNORE INTO open_event VALUES (?, ?, ?, ?, ?, ?)",
        is_sound=_event_is_sound,
    ),
)
