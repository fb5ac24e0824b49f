"""Whether a device answers, and when to ask it next: a dead one ever more rarely."""

from agent.errors import AgentError
from contract.identity import AssetId, Kind

MAX_PROBE_GAP_MS = 60_000  # found again within two minutes, a slow round included


class Reachability:
    """Pure: it is told answers and failures. `lost` is a device that was so before a restart.

    One that reports every `report_ms` has that long to do so when its line is back.
    """

    def __init__(
        self,
        *,
        asset: AssetId,
        kind: Kind,
        unreachable_after: int,
        interval_ms: int,
        lost: bool = False,
        report_ms: int = 0,
        controller: str = "",
    ) -> None:
        self.asset = asset
        self.kind = kind
        self.controller = controller  # what answers for it, and perhaps for others on its line
        self.why = "has not answered since before the restart" if lost else ""
        self.error: AgentError | None = None
        self.unreachable = lost
        self.excused = False  # something else explains why it gives nothing
        self.heard = False  # it said something since this start, and did not fail since
        self._unreachable_after = unreachable_after
        self._interval_ms = interval_ms
        self._failures = 0
        self._gap_ms = interval_ms
        self._due_ms = 0
        self._report_ms = report_ms
        self._not_before_ms = 0

    @property
    def due_ms(self) -> int:
        """The tick from which on to ask; 0 is at every tick."""
        return self._due_ms

    def is_due(self, tick_ms: int) -> bool:
        """Whether to ask at this tick; an unreachable device is asked ever more rarely."""
        return tick_ms >= self._due_ms

    @property
    def nearly_unreachable(self) -> bool:
        """Whether at most one more failure is missing."""
        return self.unreachable or self._failures >= max(1, self._unreachable_after - 1)

    def answered(self) -> bool:
        """It answers; whether it was unreachable before."""
        was_unreachable, self.unreachable = self.unreachable, False
        self._failures, self.error, self.why, self.excused = 0, None, "", False
        self.heard = True
        self.retry_soon()
        return was_unreachable

    def failed(self, error: AgentError, why: str, *, tick_ms: int) -> bool:
        """It gave nothing; whether this failure is the last that was missing."""
        self.error, self.why, self.heard = error, why, False
        self._failures += 1
        if self.unreachable:
            self._wait_longer(tick_ms)
            return False
        enough = self._failures >= self._unreachable_after
        self.unreachable = enough and tick_ms >= self._not_before_ms
        return self.unreachable

    def start_over(self, at_ms: int) -> None:
        """What explained its silence is over: from now on its failures count anew."""
        self._not_before_ms = at_ms + self._report_ms
        self._failures, self.unreachable, self.error, self.excused = 0, False, None, False
        self.retry_soon()

    def retry_soon(self) -> None:
        """Ask at every tick again: the device or its line has changed."""
        self._gap_ms = self._interval_ms
        self._due_ms = 0

    def _wait_longer(self, tick_ms: int) -> None:
        self._due_ms = tick_ms + self._gap_ms
        self._gap_ms = max(self._interval_ms, min(2 * self._gap_ms, MAX_PROBE_GAP_MS))
