"""`nadi gateway …`: one gateway, from the office to its pole and back."""

from pathlib import Path
from typing import Annotated

import typer

from provisioning.commands.revoking import revoke_name
from provisioning.face import command, job_of, new_group
from provisioning.language import _
from provisioning.outcome import Outcome

GROUP = new_group(_("One gateway, from the office to its pole and back."))


@command(GROUP, "revoke", _("Refuse a stolen gateway, and show that it is refused."))
def revoke(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help=_("the gateway's name"))
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="WHY", help=_("why, for the record"))
    ] = None,
    confirm: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=_("the name once more, where nobody is asked")),
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help=_("where the authority is kept")),
    ] = None,
) -> Outcome:
    return revoke_name(job_of(ctx), name, reason, confirm, authority, gateway=True)
