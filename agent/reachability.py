"""Whether a device answers: one event when it stops, its end when it is back, and when to ask."""

from collections.abc import Callable

from contract.identity import AssetId, Kind
from contract.readings import DEVICE_UNREACHABLE, Event, Phase

MAX_PROBE_GAP_MS = 60_000  # found again within two minutes, a slow round included
MAX_DETAIL = 200  # what an event column takes


class Reachability:
    """Pure: it is told answers and failures, and returns the event they make.

    `open_event` is the id of an event that began before a restart and has not ended.
    """

    def __init__(
        self,
        *,
        asset: AssetId,
        kind: Kind,
        unreachable_after: int,
        interval_ms: int,
        new_id: Callable[[], str],
        open_event: str | None = None,
    ) -> None:
        self.asset = asset
        self.kind = kind
        self.why = "has not answered since before the restart" if open_event else ""
        self._unreachable_after = unreachable_after
        self._interval_ms = interval_ms
        self._new_id = new_id
        self._open_event = open_event
        self._failures = 0
        self._gap_ms = interval_ms
        self._due_ms = 0

    @property
    def unreachable(self) -> bool:
        """Whether an event is open."""
        return self._open_event is not None

    @property
    def due_ms(self) -> int:
        """The tick from which on to ask; 0 is at every tick."""
        return self._due_ms

    def is_due(self, tick_ms: int) -> bool:
        """Whether to ask at this tick; an unreachable device is asked ever more rarely."""
        return tick_ms >= self._due_ms

    def answered(self, *, at_ms: int) -> Event | None:
        """The end of the open event, if there is one."""
        self._failures = 0
        self.retry_soon()
        if self._open_event is None:
            return None
        ended, self._open_event, self.why = self._event(Phase.END, at_ms), None, ""
        return ended

    def failed(self, why: str, *, tick_ms: int, at_ms: int) -> Event | None:
        """The begin of an event, if this failure is the last that was missing."""
        self.why = why
        self._failures += 1
        if self._open_event is not None:
            self._wait_longer(tick_ms)
            return None
        if self._failures < self._unreachable_after:
            return None
        self._open_event = self._new_id()
        return self._event(Phase.BEGIN, at_ms)

    def retry_soon(self) -> None:
        """Ask at every tick again: the device or its line has changed."""
        self._gap_ms = self._interval_ms
        self._due_ms = 0

    def _wait_longer(self, tick_ms: int) -> None:
        self._due_ms = tick_ms + self._gap_ms
        self._gap_ms = max(self._interval_ms, min(2 * self._gap_ms, MAX_PROBE_GAP_MS))

    def _event(self, phase: Phase, at_ms: int) -> Event:
        assert self._open_event is not None
        return Event(
            id=self._open_event,
            asset=self.asset,
            kind=self.kind,
            type=DEVICE_UNREACHABLE,
            phase=phase,
            at_ms=at_ms,
            detail=self.why[:MAX_DETAIL],
        )
