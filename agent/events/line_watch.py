"""At the end of a round, one event for a dead line instead of one for each of its devices."""

from collections.abc import Sequence

from agent.errors import AgentError, DeviceSilent, LineGone
from agent.events.watch import Watch
from agent.reachability import Reachability

NO_ANSWER = "no device answers; check its cable, its power and its adapter or switch"


class LineWatch:
    """One line's devices; a line with a single device is judged as that device.

    Garbage and refusals are something; only silence makes a line dead.
    """

    def __init__(self, line: str, devices: Sequence[Reachability], watch: Watch) -> None:
        self._line = line
        self._devices = devices
        self._assets = [one.asset for one in devices]
        self._watch = watch

    def round_ended(self, at_ms: int, *, gone: str = "") -> None:
        """Tell what the round showed; `gone` is why the line's port cannot be used."""
        silent = [one for one in self._devices if isinstance(one.error, DeviceSilent | LineGone)]
        if self._is_dead(silent, gone):
            self._watch.line_dead(self._line, self._assets, gone or NO_ANSWER, at_ms)
        elif self._is_heard(silent) and self._watch.line_alive(self._line, self._assets, at_ms):
            for one in silent:
                one.start_over(at_ms)
        else:
            self._tell_lost(at_ms)

    def _is_dead(self, silent: Sequence[Reachability], gone: str) -> bool:
        """Nobody was heard for so long that it cannot be chance."""
        shared = bool(gone) or len(self._devices) > 1
        nobody = len(silent) == len(self._devices)
        enough = all(one.nearly_unreachable for one in silent)
        return shared and nobody and enough and any(one.unreachable for one in silent)

    def _is_heard(self, silent: Sequence[Reachability]) -> bool:
        """Whether something was said on it, be it garbage or a refusal."""
        return any(one.heard or (one.error and one not in silent) for one in self._devices)

    def _tell_lost(self, at_ms: int) -> None:
        """What others hang on comes first: its fault explains theirs."""
        for one in self._devices:
            if one.error is not None:
                self._watch.failed(one.asset, gone=one.unreachable)
        lost = [one for one in self._devices if one.unreachable]
        for one in sorted(lost, key=lambda one: self._watch.depth(one.asset)):
            if one.error is not None:
                self._tell(one, one.error, at_ms)

    def _tell(self, one: Reachability, error: AgentError, at_ms: int) -> None:
        if self._watch.explains(one.asset, error, at_ms):
            one.excused = True
        elif one.excused:
            one.start_over(at_ms)
        else:
            self._watch.lost(one.asset, error, one.why, at_ms)
