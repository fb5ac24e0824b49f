"""Readings and events as a gateway seals them: on its boot clock, before anyone knows the date."""

from dataclasses import dataclass
from enum import StrEnum

from contract.identity import AssetId, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one quantity of one asset at `at_ms` of the gateway's boot clock."""

    asset: AssetId
    kind: Kind
    quantity: str
    at_ms: int
    value: float
    suspect: bool = False


class Phase(StrEnum):
    """An event has a begin and an end; both carry the same id."""

    BEGIN = "begin"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change worth waking someone for; `id` pairs its begin with its end."""

    id: str
    asset: AssetId
    kind: Kind
    type: str
    phase: Phase
    at_ms: int
    detail: str = ""
