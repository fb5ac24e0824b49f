"""`nadi gateway …`: one gateway, from the office to its pole and back."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from provisioning import names
from provisioning.commands import editing
from provisioning.commands.options import (
    Confirm,
    Discard,
    Enrolment,
    Folder,
    Gateway,
    OnGateway,
    Reason,
    Restart,
    Searching,
    endpoints,
)
from provisioning.commands.revoking import revoke_name
from provisioning.face import command, job_of, new_group
from provisioning.language import _
from provisioning.outcome import Outcome

ETC = Path("/etc/nadi")
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
    enrolment: Enrolment = None,
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    from provisioning.commands.preparing import prepare_gateways  # noqa: PLC0415 its libraries wait

    wanted = endpoints(enrolment, command="nadi gateway prepare")
    return prepare_gateways(job, gateways, out, days, wanted, authority)


@command(GROUP, "enrol", _("On the gateway: certificate, settings and devices, from a bundle."))
def enrol(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help=_("whose bundle it must be"))
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option(metavar="PATH|usb:NAME", help=_("its bundle from the office")),
    ] = None,
    delegation: Annotated[
        str | None,
        typer.Option(metavar="PATH|usb:NAME", help=_("signs without a network")),
    ] = None,
    passphrase: Annotated[
        str | None, typer.Option(metavar="file:PATH|-", help=_("opens the delegation"))
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="file:PATH|-", help=_("one-time token, instead of a delegation")),
    ] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PORT|NETWORK", help=_("what to search; may be given again; none: nothing")
        ),
    ] = None,
    asset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHERE=NUMBER", help=_("which asset is where, if the order is not theirs")
        ),
    ] = None,
    search: Searching = "",
    start: Annotated[
        str,
        typer.Option(metavar="COMMAND", help=_("what starts the agent, instead of systemctl")),
    ] = "",
    folder: OnGateway = ETC,
    yes: Annotated[bool, typer.Option("--yes", help=_("city code and devices are right"))] = False,
) -> Outcome:
    from provisioning.joining.beginning import Wish  # noqa: PLC0415 only a gateway needs it
    from provisioning.joining.credential import Credential  # noqa: PLC0415
    from provisioning.joining.matching import given  # noqa: PLC0415
    from provisioning.joining.wizard import enrol as run  # noqa: PLC0415

    wish = Wish(
        folder=folder.absolute(),
        gateway=None if name is None else names.checked(name),
        bundle=bundle,
        credential=Credential(delegation=delegation, passphrase=passphrase, token=token),
        lines=tuple(line or ()),
        searching=tuple(shlex.split(search)),
        assets=given(asset or (), command="nadi gateway enrol"),
        start=tuple(shlex.split(start)),
        yes=yes,
    )
    return run(job_of(ctx), wish)


@command(GROUP, "renew", _("On the gateway: a new certificate in time; a timer does it by itself."))
def renew(
    ctx: typer.Context,
    early: Annotated[bool, typer.Option("--now", help=_("also before half its life"))] = False,
    enrolment: Enrolment = None,
    restart: Restart = "",
    wait: Annotated[
        int,
        typer.Option(
            min=0, max=3600, metavar="SECONDS", help=_("how long to wait for the city's answer")
        ),
    ] = 120,
    folder: OnGateway = ETC,
) -> Outcome:
    from provisioning.renewing.renewal import Wish  # noqa: PLC0415 only a gateway needs it
    from provisioning.renewing.renewal import renew as run  # noqa: PLC0415

    wish = Wish(
        folder=folder.absolute(),
        endpoints=endpoints(enrolment, command="nadi gateway renew"),
        early=early,
        restart=tuple(shlex.split(restart)),
        wait_s=wait,
    )
    return run(job_of(ctx), wish)


editing.add_to(GROUP)


@command(GROUP, "token", _("A one-time token that lets one gateway enrol over the network."))
def token(
    ctx: typer.Context,
    name: Gateway = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=_("write it there instead of showing it")),
    ] = None,
    authority: Folder = None,
) -> Outcome:
    from provisioning.commands.tokens import make_token  # noqa: PLC0415 its libraries wait

    return make_token(job_of(ctx), name, out, authority)


@command(GROUP, "revoke", _("Refuse a stolen gateway, and show that it is refused."))
def revoke(
    ctx: typer.Context,
    name: Gateway = None,
    reason: Reason = None,
    confirm: Confirm = None,
    authority: Folder = None,
) -> Outcome:
    return revoke_name(job_of(ctx), name, reason, confirm, authority, gateway=True)


@command(GROUP, "replace", _("New hardware under the same name: the old is refused for good."))
def replace(
    ctx: typer.Context,
    name: Gateway = None,
    reason: Reason = None,
    confirm: Confirm = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help=_("where the fresh bundle is put"))
    ] = Path("bundles"),
    days: Annotated[
        int, typer.Option(min=1, max=730, metavar="DAYS", help=_("how long a bundle is valid"))
    ] = 90,
    enrolment: Enrolment = None,
    discard_unsettled: Discard = None,
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    from provisioning.commands.leaving import Wish, replace_gateway  # noqa: PLC0415

    wish = Wish(
        name=name, reason=reason, confirm=confirm, discard=discard_unsettled, authority=authority
    )
    reached = endpoints(enrolment, command="nadi gateway replace")
    return replace_gateway(job, wish, out=out, days=days, enrolment=reached)


@command(GROUP, "retire", _("Take a gateway out of service for good; its history stays."))
def retire(
    ctx: typer.Context,
    name: Gateway = None,
    reason: Reason = None,
    confirm: Confirm = None,
    with_assets: Annotated[
        bool, typer.Option("--with-assets", help=_("retire the assets that it reads too"))
    ] = False,
    discard_unsettled: Discard = None,
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    from provisioning.commands.leaving import Wish, retire_gateway  # noqa: PLC0415

    wish = Wish(
        name=name, reason=reason, confirm=confirm, discard=discard_unsettled, authority=authority
    )
    return retire_gateway(job, wish, with_assets=with_assets)
