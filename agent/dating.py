"""When a boot's UTC origin is worth stating anew."""

from agent.clock import Sight
from contract.identity import BootId
from contract.messages import Origin

STEP_MS = 250  # below this a difference is reading noise, not a step of the clock


def consider(boot: BootId, sight: Sight | None, known: Origin | None) -> Origin | None:
    """The new origin of this boot, or None while the known one still holds."""
    if sight is None:
        return None
    if known and not _differs(sight, known):
        return None
    return Origin(
        boot=boot,
        origin_ms=sight.origin_ms,
        uncertainty_ms=sight.uncertainty_ms,
        revision=known.revision + 1 if known else 1,
    )


def _differs(sight: Sight, known: Origin) -> bool:
    moved = abs(sight.origin_ms - known.origin_ms) > STEP_MS + sight.uncertainty_ms
    surer = sight.uncertainty_ms * 4 < known.uncertainty_ms
    return moved or surer
