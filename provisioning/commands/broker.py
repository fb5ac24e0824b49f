"""`nadi broker …`: on the broker's machine, what the authority sends comes into force."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from provisioning.broker import applying
from provisioning.errors import Trouble
from provisioning.face import command, job_of, new_group
from provisioning.language import _, mark
from provisioning.outcome import Outcome

GROUP = new_group(_("On the broker's machine: its rules and revocation lists."))


@command(GROUP, "apply", _("Take new lists from standard input into force."))
def apply(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help=_("the broker's folder"))
    ] = None,
    reload: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help=_("what tells it to read again, instead of SIGHUP")),
    ] = None,
) -> Outcome:
    job = job_of(ctx)
    there = Path(
        job.ask(str(folder) if folder else None, _("The broker's folder"), flag="--folder")
    )
    try:
        change = applying.Change.model_validate_json(job.terminal.source.read(applying.MAX_BYTES))
    except ValidationError:
        raise Trouble("E-BROKER-01", why=mark("it is no change of lists.")) from None
    if job.dry_run:
        applying.check(change, there, job.now())
        return Outcome(code=job.done_code)
    applying.apply(change, there, reload=(reload or "").split(), now=job.now())
    job.ok(_("The broker has the new lists."))
    return Outcome()
