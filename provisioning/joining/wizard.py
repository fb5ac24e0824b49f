"""`nadi gateway enrol`: each step finds out what is done already, so a run cut short goes on.

Nothing is half enrolled: an identity is in use once it is whole, settings once the agent accepts
them.
"""

from collections.abc import Sequence

from contract.check_report import Finding
from contract.live import LiveReading
from contract.signed import certificate_of
from provisioning.certificates import fingerprint, pem
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.joining import devices, service
from provisioning.joining import draft as drafts
from provisioning.joining.agent_program import LOOK
from provisioning.joining.beginning import Joining, Wish, begin
from provisioning.joining.draft import Draft
from provisioning.joining.identity import BUNDLE, Identity
from provisioning.joining.matching import Matched
from provisioning.language import _, day
from provisioning.outcome import ALREADY, Outcome
from provisioning.terminal import Sign

BROKER = "broker"  # the one thing that a gateway can do without


def enrol(job: Job, wish: Wish) -> Outcome:
    """From a bundle to a gateway at work."""
    joining = begin(job, wish)
    identity = joining.identities.of(joining.bundle)
    enrolled = identity.is_valid(joining.now)
    if job.dry_run:
        return Outcome(code=job.done_code, result={"gateway": joining.bundle.gateway})
    if enrolled:
        job.ok(_("{name} has its certificate").format(name=joining.bundle.gateway))
    else:
        _certify(joining, identity)
    identity.keep(BUNDLE, joining.document)
    joining.identities.use(identity)
    draft = drafts.begin(wish.folder, joining.bundle)
    matched = devices.find(joining, draft)
    findings = _accepted(joining, draft)
    readings = devices.read(joining, draft, matched)
    changed = draft.changed
    draft.take_effect()
    _start(joining, changed=changed or not enrolled)
    _say_end(joining, findings)
    return Outcome(
        code=ALREADY if enrolled and not changed else job.done_code,
        result=_result(joining, identity, matched, readings),
        pending=() if _online(findings) else ("connect",),
    )


def _certify(joining: Joining, identity: Identity) -> None:
    """Key, request, certificate: what is there already is taken."""
    job, bundle = joining.job, joining.bundle
    root = certificate_of(bundle.root.encode())
    _compare(joining, fingerprint(root))
    signer = joining.wish.credential.opened(job, bundle, now=joining.now)
    key = identity.key()
    job.ok(_("The key was made here; it never leaves"))
    chain = signer.certify(key, bundle=bundle, now=joining.now)
    identity.complete(chain=chain, anchor=pem(root))
    own = identity.certificate
    assert own is not None, "it was just written"
    job.ok(_("Certificate until {day}").format(day=day(own.not_valid_after_utc)))


def _compare(joining: Joining, code: str) -> None:
    """A person says whether the bundle is of the city on paper."""
    job = joining.job
    job.say(_("City code: {code}").format(code=code))
    job.confirm(_("Is it the same on your paper?"), yes=joining.wish.yes, no="E-ENROL-01")


def _accepted(joining: Joining, draft: Draft) -> list[Finding]:
    """What the agent found, if nothing but the broker is missing; raises Trouble."""
    findings = joining.agent.check(draft.file)
    for finding in findings:
        if not finding.ok and finding.id != BROKER:
            fix = finding.next_action or LOOK
            raise Trouble("E-ENROL-02", what=finding.found, fix=fix)
    joining.job.ok(_("The agent accepts the settings"))
    return findings


def _start(joining: Joining, *, changed: bool) -> None:
    job = joining.job
    commands = service.commands(joining.wish.start, changed=changed)
    if commands and joining.bundle.enrolment:
        commands += service.renewing(joining.wish.start)
    if not commands:
        job.step(Sign.SKIP, _("There is no systemd here: start nadi-agent yourself."))
        return
    for command in commands:
        service.run(command)
    job.ok(_("The agent works, and starts with the machine"))


def _say_end(joining: Joining, findings: Sequence[Finding]) -> None:
    job = joining.job
    if _online(findings):
        job.say(_("Enrolled. The broker answers: the city sees the readings now."))
        return
    job.say(_("Enrolled. The broker cannot be reached now: readings are kept here."))
    job.say(_("When the fibre comes they are sent by themselves, the newest first."))


def _online(findings: Sequence[Finding]) -> bool:
    return any(finding.ok for finding in findings if finding.id == BROKER)


def _result(
    joining: Joining, identity: Identity, matched: Matched, readings: Sequence[LiveReading]
) -> dict[str, object]:
    own = identity.certificate
    assert own is not None, "an identity in use is whole"
    return {
        "gateway": joining.bundle.gateway,
        "city": joining.bundle.city,
        "city_code": fingerprint(identity.anchor),
        "until": own.not_valid_after_utc.isoformat(),
        "assets": [pair.asset.id for pair in matched.pairs],
        "missing": [asset.id for asset in matched.missing],
        "unplanned": [f"{place.target}:{place.where}" for place in matched.unplanned],
        "readings": [reading.model_dump(mode="json", exclude={"traffic"}) for reading in readings],
    }
