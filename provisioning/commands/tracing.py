"""What `nadi doctor --trace ASSET` shows: each step of one reading, and how long it took."""

import time

from contract.agent_status import Fate, Traced
from contract.errors import NadiError
from provisioning.doctor import tracing
from provisioning.doctor.agent import AgentShut, AgentSilent
from provisioning.doctor.patient import Patient
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.language import _
from provisioning.outcome import Outcome
from provisioning.terminal import Sign

AGAIN = "nadi doctor --trace {asset}"


def trace(job: Job, patient: Patient, asset: str, *, within_s: float) -> Outcome:
    """Returns when the city has said what became of the reading, or it is clear that it cannot."""
    agent = patient.agent
    if job.dry_run:
        return Outcome(code=job.done_code)
    try:
        traced = tracing.sealed(agent, asset)
        _say_sealed(job, traced)
        waiting = tracing.Waiting(within_s=within_s, monotonic=job.monotonic, sleep=time.sleep)
        begun, last = job.monotonic(), None
        for last in tracing.steps(agent, traced, waiting):
            _say_step(job, last, job.monotonic() - begun)
    except AgentShut:
        raise Trouble("E-FILE-01", path=str(agent.socket)) from None
    except AgentSilent as error:
        raise Trouble("E-AGENT-01", why=error.why) from None
    except Trouble:
        raise
    except NadiError as error:
        raise Trouble("E-TRACE-02", asset=asset, why=str(error)) from None
    return _ended(job, traced, last, within_s)


def _ended(job: Job, traced: Traced, last: Fate | None, within_s: float) -> Outcome:
    assert last is not None, "a batch has at least one state"
    result = {
        "asset": traced.reading.asset,
        "values": [one.model_dump() for one in traced.reading.values],
        "epoch": traced.epoch,
        "n": traced.n,
        "way": last.way,
    }
    if last.way == "committed":
        return Outcome(result=result)
    if last.way in ("rejected", "lost"):
        raise Trouble("E-TRACE-03", n=traced.n or 0)
    if not last.link.up:
        job.step(Sign.WAIT, _("No way to the city: it waits on the card, and is sent later"))
        again = AGAIN.format(asset=traced.reading.asset)
        return Outcome(code="queued", result=result, pending=("receipt",), next=(again,))
    raise Trouble("E-TRACE-04", n=traced.n or 0, seconds=round(within_s))


def _say_sealed(job: Job, traced: Traced) -> None:
    reading = traced.reading
    units = {"1": ""}
    shown = [
        " ".join(filter(None, (one.quantity, f"{one.value:g}", units.get(one.unit, one.unit))))
        for one in reading.values
    ]
    job.ok(_("{asset} read: {values}").format(asset=reading.asset, values=", ".join(shown)))
    job.ok(_("Sealed on the card as batch {n}").format(n=traced.n))


def _say_step(job: Job, fate: Fate, seconds: float) -> None:
    texts = {
        "sent": _("Sent after {seconds} s"),
        "acknowledged": _("The broker has it after {seconds} s"),
        "committed": _("The city has it in its store: receipt after {seconds} s"),
    }
    if fate.way in texts:
        job.ok(texts[fate.way].format(seconds=f"{seconds:.1f}"))
