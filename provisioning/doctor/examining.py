"""All checks are made; what depends on one that is not well is skipped, and says so."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence

from provisioning.doctor.checks import Check
from provisioning.doctor.finding import Finding, Seen, State, bad, skipped
from provisioning.doctor.patient import Patient
from provisioning.errors import Trouble
from provisioning.language import mark

DEVICES_S = 60.0  # a gateway with a hundred slow devices still ends


def chosen(checks: Sequence[Check], names: Iterable[str]) -> tuple[Check, ...]:
    """The named ones and what they need; a name is an id, its first word, or an asset's."""
    wanted: set[str] = set()
    for name in names:
        found = [one.id for one in checks if name in (one.id, *one.id.split(":", 1))]
        if not found:
            known = [one.id for one in checks]
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4) or known[:1]
            raise Trouble("E-DOCTOR-01", name=name, nearest=nearest[0])
        wanted.update(found)
    for one in reversed(checks):
        if one.id in wanted:
            wanted.update((*one.needs, *one.unless))
    return tuple(one for one in checks if one.id in wanted or not wanted)


def examined(
    checks: Sequence[Check], patient: Patient, *, monotonic: Callable[[], float]
) -> Iterator[Finding]:
    """One finding a check, in order."""
    states: dict[str, State] = {}
    started = monotonic()
    for check in checks:
        begun = monotonic()
        seen = _cause(check, states)
        if seen is None and check.id.startswith("device:") and begun - started > DEVICES_S:
            seen = skipped(mark("its turn did not come; ask for it alone"))
        if seen is None:
            seen = _looked(check, patient)
        states[check.id] = seen.state
        yield Finding(id=check.id, seen=seen, seconds=monotonic() - begun)


def _cause(check: Check, states: dict[str, State]) -> Seen | None:
    for need in check.needs:
        if states.get(need) in (State.FAIL, State.SKIP):
            return skipped(mark("because of: {cause}"), cause=need)
    for other in check.unless:
        if states.get(other) is State.FAIL:
            return skipped(mark("because of: {cause}"), cause=other)
    return None


def _looked(check: Check, patient: Patient) -> Seen:
    """A check that fails in a way nobody foresaw must not hide the others."""
    try:
        return check.look(patient)
    except Exception as error:
        return bad("E-DOCTOR-04", why=f"{type(error).__name__}: {error}")
