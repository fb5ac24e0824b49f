"""`nadi gateway …`: one gateway, from the office to its pole and back."""

from pathlib import Path
from typing import Annotated

import typer

from provisioning.commands.revoking import revoke_name
from provisioning.face import command, job_of, new_group
from provisioning.language import _
from provisioning.outcome import Outcome

GROUP = new_group(_("One gateway, from the office to its pole and back."))


@command(GROUP, "prepare", _("Make enrolment bundles and labels for gateways."))
def prepare(
    ctx: typer.Context,
    gateways: Annotated[
        list[str], typer.Argument(metavar="NAMES", help=_("such as bb-0001..bb-0050 bb-0061"))
    ],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help=_("where bundles and labels are put"))
    ] = Path("bundles"),
    days: Annotated[int, typer.Option(metavar="DAYS", help=_("how long a bundle is valid"))] = 90,
    enrolment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT", help=_("where a gateway with a network enrols; may be given again")
        ),
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help=_("where the authority is kept")),
    ] = None,
) -> Outcome:
    job = job_of(ctx)
    from provisioning.commands.preparing import prepare_gateways  # noqa: PLC0415 its libraries wait

    return prepare_gateways(job, gateways, out, days, enrolment or [], authority)


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
