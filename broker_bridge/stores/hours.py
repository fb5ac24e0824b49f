"""Hours of readings: how far they are made, which readings are gone, and who comes late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from broker_bridge.stores.columns import Columns

HOUR_MS = 3_600_000
# Values beyond it count as it: a sum of a million such is still a number.
LARGEST = 1e290

AssetHour = tuple[int, int]  # asset_id, and the hour's first millisecond
Due = Mapping[tuple[str, str], int]  # readings due in an hour, by kind and quantity

_HALF = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How far a store is; all in milliseconds since 1970 UTC, whole hours."""

    announced_ms: int  # a reading before it is entered as late
    hourly_ms: int  # the hours before it are made
    raw_from_ms: int  # what came in time before it is no longer in `reading`
    raw_asset: int = 0  # nor, of the hour that begins then, what is of assets up to this one
    raw_days: int | None = None  # as the last retention had it; None before the first
    hourly_years: int | None = None

    def has_no_raw(self, asset_id: int, hour_ms: int) -> bool:
        """Whether the hour's readings were dropped, so that one more must be added to it."""
        if hour_ms == self.raw_from_ms:
            return asset_id <= self.raw_asset
        return hour_ms < self.raw_from_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one step made; the next one begins after `asset`, None if that was the last."""

    asset: int | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What one step took out of `reading`; `over` if nothing is left to take."""

    raw_from_ms: int
    readings: int
    bytes: int
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """What a retention would take out; PostgreSQL counts its rows by its own estimate."""

    readings: int
    hours: int
    bytes: int
    newest_ms: int | None  # of all readings that are in the store


class RetentionStep(Protocol):
    """One transaction of the retention; each leaves the store right, whatever comes after it."""

    def kept(self) -> Kept:
        """How far the store is."""
        ...

    def announce(self, until_ms: int) -> None:
        """From now on a reading before `until_ms` is late; waits for commits in flight."""
        ...

    def first_hour(self, since_ms: int) -> int | None:
        """The first hour from `since_ms` on that has a reading."""
        ...

    def make_hours(self, from_ms: int, until_ms: int, *, after: int) -> Made:
        """Of some assets, from their readings, in the place of what was made before."""
        ...

    def made(self, until_ms: int) -> None:
        """The hours before `until_ms` are made, of all assets."""
        ...

    def settle_late(self, at_most: int) -> int:
        """Make some hours with what came late; how many. 0 is none left."""
        ...

    def remember(self, *, raw_days: int, hourly_years: int) -> None:
        """What is kept is so by these settings from now on."""
        ...

    def drop_raw(self, until_ms: int) -> Dropped:
        """Take some readings out whose hours are made; late hours must be settled before."""
        ...

    def drop_hours(self, until_ms: int, *, after: int) -> Made:
        """Take out the hours of some assets before `until_ms`."""
        ...


def hour_of(moment_ms: int) -> int:
    """The first millisecond of its hour, before 1970 too."""
    return moment_ms - moment_ms % HOUR_MS


def late_hours(columns: Columns, announced_ms: int) -> Sequence[AssetHour]:
    """Each hour of each asset that is made already, sorted."""
    late = columns.time_ms < announced_ms
    if not late.any():
        return []
    hours = columns.time_ms[late] // HOUR_MS + _HALF
    pairs = np.unique(columns.asset_id[late] << 32 | hours)
    assets, starts = pairs >> 32, ((pairs & 0xFFFF_FFFF) - _HALF) * HOUR_MS
    return list(zip(assets.tolist(), starts.tolist(), strict=True))
