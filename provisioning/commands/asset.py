"""`nadi asset …`: one asset goes to another gateway, or out of service."""

from typing import Annotated

import typer

from provisioning.authority import folder as places
from provisioning.commands.options import Folder, Reason
from provisioning.commands.showing import changes_of, say_changes
from provisioning.face import command, job_of, new_group
from provisioning.inventory import book, changing
from provisioning.inventory.book import Because
from provisioning.inventory.changing import Change
from provisioning.job import Job
from provisioning.language import _
from provisioning.outcome import ALREADY, Outcome

GROUP = new_group(_("One asset: to another gateway, or out of service."))
PUBLISH = "nadi fleet publish"

Asset = Annotated[str, typer.Argument(metavar="ASSET", help=_("its inventory number"))]


@command(GROUP, "move", _("Have an asset read by another gateway; its history stays."))
def move(
    ctx: typer.Context,
    asset: Asset,
    gateway: Annotated[
        str, typer.Argument(metavar="GATEWAY", help=_("who is to read it from now on"))
    ],
    reason: Reason = None,
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    there = places.load(job.folder(authority))
    with book.opened(there.folder / book.FILE, write=not job.dry_run) as kept:
        change = changing.moved(kept.entries(), asset, gateway)
        if change is not None and not job.dry_run:
            changing.apply(kept, [change], _because(job, reason or "move"))
    if change is None:
        job.ok(_("{asset} is read by {gateway} already.").format(asset=asset, gateway=gateway))
    return _ended(job, change)


@command(GROUP, "retire", _("Take an asset out of service; its history stays."))
def retire(
    ctx: typer.Context,
    asset: Asset,
    reason: Reason = None,
    confirm: Annotated[
        str | None,
        typer.Option(metavar="ASSET", help=_("the number once more, where nobody is asked")),
    ] = None,
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    there = places.load(job.folder(authority))
    path = there.folder / book.FILE
    with book.opened(path, write=False) as kept:
        entry = changing.found(
            {name: one for name, one in kept.entries().items() if not one.is_gateway}, asset
        )
    if entry.retired:
        job.ok(_("{asset} is retired already.").format(asset=asset))
        return _ended(job, None)
    reason = job.ask(reason, _("Reason"), flag="--reason")
    job.say(_("Retire {asset}: central systems will no longer see it.").format(asset=asset))
    job.typed_name(asset, confirmed=confirm)
    with book.opened(path, write=not job.dry_run) as kept:
        change = changing.retired(kept.entries(), asset)
        if change is not None and not job.dry_run:
            changing.apply(kept, [change], _because(job, reason))
    return _ended(job, change)


def _because(job: Job, why: str) -> Because:
    return Because(who=job.who, why=why, at=job.now())


def _ended(job: Job, change: Change | None) -> Outcome:
    if change is None:
        return Outcome(code=ALREADY)
    say_changes(job, [change])
    return Outcome(code=job.done_code, result={"changes": changes_of([change])}, next=(PUBLISH,))
