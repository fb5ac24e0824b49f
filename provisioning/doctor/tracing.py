"""One fresh reading, from its device to the city's store and back, a step each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract.agent_status import Fate, Traced
from provisioning.doctor.agent import Agent
from provisioning.errors import Trouble

READ_S = 30.0  # the line may be busy with its round
ANSWER_S = 10.0
PAUSE_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long to wait for the city, and how time passes."""

    within_s: float
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


def sealed(agent: Agent, asset: str) -> Traced:
    """The device was read and what it said is on the card; raises Trouble or NadiError."""
    traced = agent.ask({"cmd": "trace", "asset": asset}, Traced, within_s=READ_S)
    if traced.reading.fault:
        check = f"device:{asset}"
        raise Trouble("E-DEVICE-01", asset=asset, why=traced.reading.fault, id=check)
    if not traced.reading.values:
        raise Trouble("E-TRACE-01", asset=asset)
    if traced.n is None:
        raise Trouble("E-OUTBOX-01", why=traced.fault)
    return traced


def steps(agent: Agent, traced: Traced, waiting: Waiting) -> Iterator[Fate]:
    """Each new state of the batch; ends when the city has spoken, or nobody can hear us."""
    until, last = waiting.monotonic() + waiting.within_s, ""
    command = {"cmd": "fate", "epoch": traced.epoch, "n": traced.n}
    while waiting.monotonic() < until:
        fate = agent.ask(command, Fate, within_s=ANSWER_S)
        if fate.way != last:
            last = fate.way
            yield fate
        if fate.way in ("committed", "rejected", "lost") or not fate.link.up:
            return
        waiting.sleep(PAUSE_S)
