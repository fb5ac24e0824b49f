"""What every revocation shares: consent, then proof that the name is refused."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning import names
from provisioning.authority.folder import Authority, load
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.language import _, clock
from provisioning.outcome import Outcome
from provisioning.terminal import Sign

if TYPE_CHECKING:
    from provisioning.authority.revoking import Signed, Target


def revoke_name(
    job: Job,
    name: str | None,
    reason: str | None,
    confirm: str | None,
    authority: Path | None,
    *,
    gateway: bool,
) -> Outcome:
    """Returns when it was shown that the name is refused and its session gone."""
    from provisioning.authority import revoking  # noqa: PLC0415 only a revocation needs it

    there = load(job.folder(authority))
    name = names.checked(job.ask(name, _("Name"), flag="NAME"))
    reason = job.ask(reason, _("Reason"), flag="--reason")
    target = revoking.target(there, name, gateway=gateway, now=job.now())
    job.say(_("Revoke {name}: permanent. Coming back needs a new certificate.").format(name=name))
    job.typed_name(name, confirmed=confirm)
    if job.dry_run:
        return Outcome(code=job.done_code, result={"certificates": target.certificates})
    signed = shown_refused(job, there, target, reason)
    return Outcome(
        result={"name": name, "revocation_list": signed.number, "applied": True, "evicted": True}
    )


def shown_refused(job: Job, there: Authority, target: "Target", reason: str) -> "Signed":
    """Signs, applies, and returns once it was shown; raises Trouble."""
    from provisioning.authority import revoking  # noqa: PLC0415 only a revocation needs it

    name = target.name
    signed = revoking.sign(there, target, reason=reason, now=job.now())
    job.ok(_("Revocation list {number} signed").format(number=signed.number))
    try:
        revoking.enforce(
            there, signed, target, now=job.now(), monotonic=job.monotonic, sleep=time.sleep
        )
    except Trouble:
        job.step(Sign.WAIT, _("Not shown to be in force: {name} may be let in").format(name=name))
        raise
    at = clock(job.now())
    job.ok(_("The broker applied it {time}: {name} is refused").format(time=at, name=name))
    job.ok(_("No session of {name} is left").format(name=name))
    return signed
