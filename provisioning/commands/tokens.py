"""`nadi gateway token`: shown once, kept only as a hash, good for one gateway and 15 minutes."""

from pathlib import Path

from contract.signed import pin_of
from provisioning import files, names
from provisioning.authority import folder as places
from provisioning.authority import record
from provisioning.authority.delegating import check_names
from provisioning.enrolment import token as tokens
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.language import _, clock, mark
from provisioning.outcome import Outcome


def make_token(job: Job, name: str | None, out: Path | None, authority: Path | None) -> Outcome:
    """Raises Trouble if the name cannot be a gateway's."""
    there = places.load(job.folder(authority))
    gateway = names.checked(job.ask(name, _("Name"), flag="NAME"))
    now = job.now()
    if out is None and job.switches.json:
        raise Trouble("E-USAGE-01", flag="--out")
    if out is not None and out.exists():
        raise Trouble("E-FILE-03", path=str(out), why=mark("it is there already."))
    until = now + tokens.LIFE
    result = {"gateway": gateway, "until": until.isoformat(), "file": out and str(out)}
    with record.opened(there.record_file, write=not job.dry_run) as kept:
        check_names(kept, [gateway], now=now)
        if job.dry_run:
            return Outcome(code=job.done_code, result=result)
        made = tokens.new(gateway, pin_of(there.root))
        kept.add_token(made.digest, gateway=gateway, until=until, now=now)
        if out is not None:
            data = made.text.encode() + b"\n"
            files.write(files.NewFile(path=out, data=data, mode=files.PRIVATE))
    said = _("Token for {name}, once, until {time}:").format(name=gateway, time=clock(until))
    job.terminal.command(said, str(out) if out else made.text)
    return Outcome(result=result)
