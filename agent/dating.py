"""When a boot's UTC origin is worth stating anew."""

from agent.clock import Sight
from contract.identity import BootId
from contract.messages import Origin

STEP_MS = 20  # a slew moves the boot clock too: more than reading noise is a step, however small
FINE_MS = 250  # known so well, an origin is not stated anew to know it better


def consider(
    boot: BootId, sight: Sight | None, known: Origin | None, *, at_ms: int
) -> Origin | None:
    """The new origin of this boot, seen at `at_ms`, or None while the known one still holds."""
    if sight is None:
        return None
    if known and not _differs(sight, known, at_ms):
        return None
    return Origin(
        boot=boot,
        origin_ms=sight.origin_ms,
        uncertainty_ms=sight.uncertainty_ms,
        revision=known.revision + 1 if known else 1,
        seen_ms=max(at_ms, 0),
    )


def _differs(sight: Sight, known: Origin, at_ms: int) -> bool:
    doubt_ms = known.uncertainty_at(at_ms)
    moved = abs(sight.origin_ms - known.origin_ms) > STEP_MS
    surer = sight.uncertainty_ms * 4 < doubt_ms and doubt_ms > FINE_MS
    return moved or surer
