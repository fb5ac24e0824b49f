"""At the end of a round, one event for a dead line instead of one for each of its devices.

So too for a controller on the line that answers for several, such as a DALI gateway.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from agent.errors import AgentError, DeviceSilent, LineGone
from agent.events.watch import Watch
from agent.reachability import Reachability

NO_ANSWER = "no device answers; check its cable, its power and its adapter or switch"
NOTHING_BEHIND = "nothing behind it answers; check its power and its connection"


class LineWatch:
    """One line's devices; a line with a single device is judged as that device.

    Garbage and refusals are something; only silence makes a line dead.
    """

    def __init__(
        self,
        line: str,
        devices: Sequence[Reachability],
        watch: Watch,
        *,
        no_answer: str = NO_ANSWER,
    ) -> None:
        shared = [group for group in _by_controller(devices) if 1 < len(group) < len(devices)]
        behind = [one for group in shared for one in group]
        self._line = line
        self._no_answer = no_answer
        self._controllers = [
            LineWatch(f"{line} {group[0].controller}", group, watch, no_answer=NOTHING_BEHIND)
            for group in shared
        ]
        self._alone = [one for one in devices if one not in behind]
        self._devices = devices
        self._assets = [one.asset for one in devices]
        self._watch = watch

    def round_ended(self, at_ms: int, *, gone: str = "") -> None:
        """Tell what the round showed; `gone` is why the line's port cannot be used."""
        silent = [one for one in self._devices if isinstance(one.error, DeviceSilent | LineGone)]
        if self._is_dead(silent, gone):
            self._watch.line_dead(self._line, self._assets, gone or self._no_answer, at_ms)
        elif self._is_heard(silent) and self._watch.line_alive(self._line, self._assets, at_ms):
            for one in silent:
                one.start_over(at_ms)
        else:
            self._tell_lost(at_ms)
            for controller in self._controllers:
                controller.controller_round_ended(at_ms)

    def controller_round_ended(self, at_ms: int) -> None:
        """As `round_ended`, but what is above a controller may explain that it is gone."""
        errors = [(one.asset, one.error) for one in self._devices if one.error is not None]
        explained = [self._watch.explains(asset, error, at_ms) for asset, error in errors]
        if len(errors) == len(self._devices) and all(explained):
            self._tell_lost(at_ms)
        else:
            self.round_ended(at_ms)

    def _is_dead(self, silent: Sequence[Reachability], gone: str) -> bool:
        """Nobody was heard for so long that it cannot be chance; who is excused shows nothing."""
        shared = bool(gone) or len(self._devices) > 1
        nobody = len(silent) == len(self._devices)
        enough = all(one.nearly_unreachable for one in silent)
        gone_for_sure = any(one.unreachable and not one.excused for one in silent)
        return shared and nobody and enough and gone_for_sure

    def _is_heard(self, silent: Sequence[Reachability]) -> bool:
        """Whether something was said on it, be it garbage or a refusal."""
        return any(one.heard or (one.error and one not in silent) for one in self._devices)

    def _tell_lost(self, at_ms: int) -> None:
        """What others hang on comes first: its fault explains theirs."""
        for one in self._alone:
            if one.error is not None:
                self._watch.failed(one.asset, gone=one.unreachable)
        lost = [one for one in self._alone if one.unreachable]
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


def _by_controller(devices: Iterable[Reachability]) -> Iterable[list[Reachability]]:
    groups: defaultdict[str, list[Reachability]] = defaultdict(list)
    for one in devices:
        if one.controller:
            groups[one.controller].append(one)
    return groups.values()
