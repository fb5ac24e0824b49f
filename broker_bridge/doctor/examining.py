"""All checks are made, each within its time; what depends on one that is not well says so."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.finding import Finding, Seen, State, bad, skipped
from broker_bridge.language import _, span

WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One look; it is skipped where one of `needs` is not well."""

    id: str
    look: Callable[[Centre], Seen]
    needs: tuple[str, ...] = ()
    within_s: float = WITHIN_S


def examined(
    checks: Sequence[Check], centre: Centre, *, monotonic: Callable[[], float]
) -> Iterator[Finding]:
    """One finding a check, in order."""
    states: dict[str, State] = {}
    for check in checks:
        begun = monotonic()
        unwell = [need for need in check.needs if states[need] is not State.OK]
        if unwell:
            seen = skipped(_("because of: {cause}").format(cause=unwell[0]))
        else:
            seen = _within(check, centre)
        states[check.id] = seen.state
        yield Finding(id=check.id, seen=seen, seconds=monotonic() - begun)


def _within(check: Check, centre: Centre) -> Seen:
    """What it finds; one that gives no answer in time is left behind, and named."""
    answers: queue.SimpleQueue[Seen] = queue.SimpleQueue()

    left = threading.Event()

    def look() -> None:
        answers.put(_looked(check, centre))
        if left.is_set():
            centre.close()

    threading.Thread(target=look, name=check.id, daemon=True).start()
    try:
        return answers.get(timeout=check.within_s)
    except queue.Empty:
        centre.hangs = True
        left.set()
        return bad(
            _("it gives no answer within {span}").format(span=span(check.within_s)),
            _("see whether it runs, and whether its disk answers; gateways keep everything"),
        )


def _looked(check: Check, centre: Centre) -> Seen:
    """A check that fails in a way nobody foresaw must not hide the others."""
    try:
        return check.look(centre)
    except Exception as error:
        return bad(
            _("the check itself failed: {why}").format(why=f"{type(error).__name__}: {error}"),
            _("look at the other lines first"),
        )
