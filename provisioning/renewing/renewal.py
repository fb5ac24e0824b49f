"""`nadi gateway renew`: a run goes as far as it can, and the next one goes on from there.

At every moment one whole identity is in use. The old certificate stays valid until the city has
answered a run of the agent that has the new one.
"""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from contract.bundle import Bundle, Endpoint
from contract.errors import NadiError
from contract.settings import AgentSettings
from provisioning.doctor.agent import Agent
from provisioning.doctor.patient import Patient
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.joining import draft, service
from provisioning.joining.identity import Identities, Identity, Replaces
from provisioning.language import _, day
from provisioning.outcome import ALREADY, Outcome
from provisioning.renewing import steps
from provisioning.terminal import Sign

QUEUED = "queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person said on the line."""

    folder: Path
    endpoints: tuple[Endpoint, ...] = ()  # instead of those in the bundle
    early: bool = False
    restart: tuple[str, ...] = ()
    wait_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What the steps work on."""

    job: Job
    wish: Wish
    identities: Identities
    settings: AgentSettings
    bundle: Bundle = field(repr=False)
    agent: Agent

    @property
    def run(self) -> steps.Run:
        """The agent that is to take up the new certificate."""
        return steps.Run(agent=self.agent)


def renew(job: Job, wish: Wish) -> Outcome:
    """Raises Trouble; whatever was finished stays, and an identity that works is in use."""
    identities = Identities(folder=wish.folder)
    current = identities.in_use()
    own = current.certificate if current else None
    if current is None or own is None:
        raise Trouble("E-RENEW-03", folder=str(wish.folder))
    patient = Patient(wish.folder / draft.SETTINGS, path=job.environ.get("PATH", ""), now=job.now)
    if current.replaced is None and not _is_due(job, wish, own, patient):
        return Outcome(code=ALREADY, result=_result(own))
    renewal = Renewal(
        job=job,
        wish=wish,
        identities=identities,
        settings=patient.settings,
        bundle=_bundle(current, wish),
        agent=patient.agent,
    )
    if job.dry_run:
        return Outcome(code=job.done_code, result=_result(own))
    if current.replaced is None:
        current = _renewed(renewal, current)
    return _ended(renewal, current)


def _is_due(job: Job, wish: Wish, own: x509.Certificate, patient: Patient) -> bool:
    """Raises Trouble where no renewal over the network can help, or no clock can be believed."""
    now, past = job.now(), patient.clock_is_behind
    if past is not None:
        raise Trouble("E-RENEW-06", now=_minute(now), past=_minute(past))
    until = own.not_valid_after_utc
    if now >= until:
        gateway = patient.settings.gateway.id
        raise Trouble("E-RENEW-05", gateway=gateway, day=f"{until:%Y-%m-%d}", now=_minute(now))
    due = steps.due_at(own)
    if now < due and not wish.early:
        job.ok(_("The certificate is valid until {day}").format(day=day(until)))
        job.ok(_("It renews itself from {day} on").format(day=day(due)))
        return False
    return True


def _bundle(current: Identity, wish: Wish) -> Bundle:
    """What names the city's endpoints; raises Trouble if nothing does."""
    try:
        bundle = current.bundle
    except NadiError:
        bundle = None
    if bundle is None:
        raise Trouble("E-RENEW-03", folder=str(current.folder))
    endpoints = list(wish.endpoints) or bundle.enrolment
    if not endpoints:
        raise Trouble("E-RENEW-04", gateway=bundle.gateway)
    return bundle.model_copy(update={"enrolment": endpoints})


def _renewed(renewal: Renewal, current: Identity) -> Identity:
    """The new identity, made, tried and in use."""
    job, old = renewal.job, current.certificate
    assert old is not None, "it was looked at before"
    new = renewal.identities.new(steps.next_nonce(old))
    made = steps.certify(current, new, renewal.bundle)
    job.ok(_("A new key was made here, and the city signed its certificate"))
    steps.try_on(renewal.settings.broker, new)
    job.ok(_("The broker accepts it; until {day}").format(day=day(made.not_valid_after_utc)))
    steps.switch(renewal.identities, current, new, renewal.run.epoch())
    job.ok(_("The new certificate is in use; the old one stays valid for now"))
    return new


def _ended(renewal: Renewal, current: Identity) -> Outcome:
    """The agent takes it up, the city answers, and the old certificate ends."""
    replaces, own, job = current.replaced, current.certificate, renewal.job
    assert replaces is not None, "it is removed at the end only"
    assert own is not None, "an identity in use is whole"
    if not _restarted(renewal, replaces):
        job.step(Sign.SKIP, _("There is no systemd here: restart nadi-agent yourself."))
        return Outcome(code=QUEUED, result=_result(own), pending=("restart", "receipt", "revoke"))
    steps.note(current, replaces.model_copy(update={"restarted": True}))
    if not _receipted(renewal, replaces):
        job.step(Sign.WAIT, _("The city has not answered yet: the old one stays valid."))
        job.say(_("The next run goes on from here; nothing is lost."))
        return Outcome(code=QUEUED, result=_result(own), pending=("receipt", "revoke"))
    job.ok(_("The city has heard this gateway with the new certificate"))
    steps.finish(renewal.identities, current, renewal.bundle, replaces)
    job.ok(_("The old certificate is revoked, and its key deleted"))
    return Outcome(result=_result(own))


def _restarted(renewal: Renewal, replaces: Replaces) -> bool:
    """The agent seals its round, ends, and begins with the new certificate."""
    if replaces.restarted or (replaces.epoch and _is_another(renewal.run.epoch(), replaces)):
        return True
    command = service.restart(renewal.wish.restart)
    if not command:
        return False
    try:
        service.run(command, code="E-RENEW-10")
    except Trouble:
        steps.switch_back(renewal.identities, replaces)
        with suppress(Trouble):
            service.run(command)
        raise
    return True


def _is_another(epoch: str, replaces: Replaces) -> bool:
    return epoch not in ("", replaces.epoch)


def _receipted(renewal: Renewal, replaces: Replaces) -> bool:
    job = renewal.job
    return renewal.run.wait(
        replaces.epoch, renewal.wish.wait_s, monotonic=job.monotonic, sleep=time.sleep
    )


def _result(own: x509.Certificate) -> dict[str, object]:
    return {
        "until": own.not_valid_after_utc.isoformat(),
        "due": steps.due_at(own).isoformat(),
    }


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
