"""Hours are made of readings, and what is old goes, in steps that each end whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from broker_bridge.config import DAYS_A_YEAR, RetentionSettings
from broker_bridge.errors import RetentionRefused, StoreBusy
from broker_bridge.language import mark
from broker_bridge.opening import CityStore
from broker_bridge.stores.hours import HOUR_MS, Going, Kept, Made, RetentionStep, hour_of
from broker_bridge.stores.moments import EARLIEST_MS, rfc3339

DAY_MS = 24 * HOUR_MS
GRACE_MS = 600_000  # a live reading is in the store by then, and no hour is made twice for it
LATE_AT_ONCE = 200
BUSY_TRIES = 5
BUSY_REST_S = 1.0
MOST_REST_S = 1.0

_Result = TypeVar("_Result")

_ASK = mark("nadi-bridge retain --dry-run shows what would go, --yes lets it go")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a retention at one moment is to reach."""

    hours_ms: int  # hours before it are made
    raw_ms: int  # raw readings before it go
    old_ms: int  # hours before it go


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a retention would do now, without doing it."""

    kept: Kept
    bounds: Bounds
    going: Going
    refusal: RetentionRefused | None

    @property
    def hours_waiting(self) -> int | None:
        """How many hours are still to be made; None if none was ever made."""
        if self.kept.hourly_ms == EARLIEST_MS:
            return None
        return max(self.bounds.hours_ms - self.kept.hourly_ms, 0) // HOUR_MS


@dataclass(slots=True, kw_only=True)
class Retained:
    """What one retention has done so far."""

    hours: int = 0  # rows of `hourly`, made or made again
    late: int = 0
    readings_gone: int = 0
    bytes_gone: int = 0
    hours_gone: int = 0


def bounds_at(now_ms: int, settings: RetentionSettings) -> Bounds:
    """Whole hours; a store may round what goes down to whole months, never up."""
    return Bounds(
        hours_ms=hour_of(now_ms - GRACE_MS),
        raw_ms=hour_of(now_ms - settings.raw_days * DAY_MS),
        old_ms=hour_of(now_ms - int(settings.hourly_years * DAYS_A_YEAR * DAY_MS)),
    )


def outlook(store: CityStore, settings: RetentionSettings, *, now_ms: int) -> Outlook:
    """Nothing is changed."""
    kept, bounds = store.kept(), bounds_at(now_ms, settings)
    going = store.going(bounds.raw_ms, bounds.old_ms)
    return Outlook(
        kept=kept, bounds=bounds, going=going, refusal=_refusal(kept, settings, bounds, going)
    )


class Retention:
    """One run; cut off anywhere, the next one goes on."""

    def __init__(
        self,
        store: CityStore,
        settings: RetentionSettings,
        *,
        monotonic: Callable[[], float],
        rest: Callable[[float], None],
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._monotonic = monotonic
        self._rest = rest
        self._progress = progress
        self.done = Retained()

    def run(self, *, now_ms: int, sure: bool) -> None:
        """Raises RetentionRefused, once the hours are made, if more would go than was said."""
        bounds = bounds_at(now_ms, self._settings)
        self._patiently(lambda step: step.announce(bounds.hours_ms))
        self._settle_late()
        self._make_hours()
        self._settle_late()
        refusal = outlook(self._store, self._settings, now_ms=now_ms).refusal
        if refusal and not sure:
            raise refusal
        with self._step() as step:
            step.remember(
                raw_days=self._settings.raw_days, hourly_years=self._settings.hourly_years
            )
        self._drop_raw(bounds.raw_ms)
        self._drop_hours(bounds.old_ms)

    def _settle_late(self) -> None:
        settled = LATE_AT_ONCE
        while settled:
            with self._step() as step:
                settled = step.settle_late(LATE_AT_ONCE)
            self.done.late += settled
            self._progress(f"{self.done.late:,} late hours made again")

    def _make_hours(self) -> None:
        """A day at a time, but for days without a reading."""
        so_far = self._store.kept()
        at_ms, until_ms = max(so_far.hourly_ms, so_far.raw_from_ms), so_far.announced_ms
        empty = at_ms == EARLIEST_MS
        while at_ms < until_ms:
            end_ms = min(at_ms + DAY_MS, until_ms)
            if empty:
                end_ms = at_ms = self._next_reading(at_ms, until_ms)
            else:
                empty = not self._make(at_ms, end_ms)
            with self._step() as step:
                step.made(end_ms)
            empty, at_ms = empty and end_ms > at_ms, end_ms

    def _next_reading(self, at_ms: int, until_ms: int) -> int:
        with self._step() as step:
            first_ms = step.first_hour(at_ms)
        return until_ms if first_ms is None else min(first_ms, until_ms)

    def _make(self, from_ms: int, until_ms: int) -> int:
        rows, after = 0, 0
        while True:
            with self._step() as step:
                made = step.make_hours(from_ms, until_ms, after=after)
            rows += made.rows
            self.done.hours += made.rows
            self._progress(f"{self.done.hours:,} hours made, from {rfc3339(from_ms)} on")
            if made.asset is None:
                return rows
            after = made.asset

    def _drop_raw(self, until_ms: int) -> None:
        until_ms = min(until_ms, self._store.kept().hourly_ms)
        over = False
        while not over:
            gone = self._patiently(lambda step: step.drop_raw(until_ms))
            over = gone.over
            self.done.readings_gone += gone.readings
            self.done.bytes_gone += gone.bytes
            self._progress(f"{self.done.readings_gone:,} readings gone")

    def _drop_hours(self, until_ms: int) -> None:
        after: int | None = 0
        while after is not None:
            gone = self._patiently(partial(_drop_some_hours, until_ms, after))
            after = gone.asset
            self.done.hours_gone += gone.rows

    def _patiently(self, work: Callable[[RetentionStep], _Result]) -> _Result:
        """Tried again while somebody else is in the way, a few times."""
        for _ in range(BUSY_TRIES - 1):
            try:
                with self._step() as step:
                    return work(step)
            except StoreBusy:
                self._rest(BUSY_REST_S)
        with self._step() as step:
            return work(step)

    @contextmanager
    def _step(self) -> Iterator[RetentionStep]:
        """Whoever else writes gets as long as the step took."""
        began_s = self._monotonic()
        with self._store.retaining(self._settings.due) as step:
            yield step
        self._rest(min(self._monotonic() - began_s, MOST_REST_S))


def _drop_some_hours(until_ms: int, after: int, step: RetentionStep) -> Made:
    return step.drop_hours(until_ms, after=after)


def _refusal(
    kept: Kept, settings: RetentionSettings, bounds: Bounds, going: Going
) -> RetentionRefused | None:
    """Why a person must say so first; None if nothing goes that was to stay."""
    readings: dict[str, object] = {"count": going.readings, "before": rfc3339(bounds.raw_ms)}
    if going.readings and going.newest_ms is not None and going.newest_ms < bounds.raw_ms:
        return RetentionRefused(
            mark("the newest reading is of {newest}: all {count} would go"),
            hint=mark(
                "is the clock of this machine right? nadi-bridge retain --dry-run shows what would"
                " go, --yes lets it go"
            ),
            newest=rfc3339(going.newest_ms),
            count=going.readings,
        )
    if going.readings and kept.raw_days is None:
        return RetentionRefused(
            mark(
                "{count} readings before {before} are in the store, and no retention has run here"
                " yet"
            ),
            hint=_ASK,
            **readings,
        )
    if going.readings and settings.raw_days < (kept.raw_days or 0):
        return RetentionRefused(
            mark(
                "retention.raw_days was {was} and is {now} now: {count} readings before {before}"
                " would go"
            ),
            hint=_ASK,
            was=str(kept.raw_days),
            now=str(settings.raw_days),
            **readings,
        )
    if going.hours and settings.hourly_years < (kept.hourly_years or 0):
        return RetentionRefused(
            mark(
                "retention.hourly_years was {was} and is {now} now: {count} hours before {before}"
                " would go"
            ),
            hint=_ASK,
            was=str(kept.hourly_years),
            now=str(settings.hourly_years),
            count=going.hours,
            before=rfc3339(bounds.old_ms),
        )
    return None
