"""Whether the running agent seals: by this an upgrade is judged."""

from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

from pydantic import BaseModel

from agent.asking import ask
from agent.errors import AgentError
from agent.language import _
from contract.settings import AgentSettings

ANSWER_S = 5.0
PAUSE_S = 0.5
GRACE_S = 30.0  # beyond its time, for a slow card


class Proof(IntEnum):
    """What is known of the running agent; the numbers are exit codes."""

    SEALS = 0
    NOT_DUE = 3


def wait(
    settings: AgentSettings,
    within_s: float,
    *,
    now_s: Callable[[], float],
    sleep: Callable[[float], None],
) -> Proof:
    """Until it has sealed a round, or `within_s` has passed; raises AgentError if it is overdue."""
    until_s = now_s() + within_s
    due_s = settings.gateway.seal_interval_s + GRACE_S
    while True:
        state = _look(Path(settings.gateway.socket), due_s)
        if state is Proof.SEALS:
            return state
        if now_s() >= until_s:
            return _or_complain(state, within_s)
        sleep(PAUSE_S)


class _Running(BaseModel):
    rounds: int
    uptime_ms: int


def _look(path: Path, due_s: float) -> Proof | None:
    try:
        running = ask(path, {"cmd": "status"}, _Running, within_s=ANSWER_S)
    except AgentError:
        return None
    if running and running.rounds > 0:
        return Proof.SEALS
    return Proof.NOT_DUE if running and running.uptime_ms < due_s * 1_000 else None


def _or_complain(state: Proof | None, within_s: float) -> Proof:
    if state is None:
        raise AgentError(
            _("nadi-agent has sealed no round, and was waited for {within_s:g} s").format(
                within_s=within_s
            ),
            hint=_("look at it with systemctl status nadi-agent; journalctl -u nadi-agent"),
        )
    return state
