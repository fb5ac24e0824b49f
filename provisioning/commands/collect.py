"""`nadi collect`: what a cut-off gateway holds goes on a stick, and settles nothing by that."""

from pathlib import Path
from typing import Annotated

import typer

from contract.collecting import Collected, Progress
from provisioning import sticks
from provisioning.collecting.visit import Wish, collect
from provisioning.errors import Trouble
from provisioning.face import command, job_of
from provisioning.job import Job
from provisioning.language import _, number, plural
from provisioning.outcome import Outcome
from provisioning.progress import Bar
from provisioning.terminal import Sign

SETTINGS = Path("/etc/nadi/agent.toml")


def add_to(app: typer.Typer) -> None:
    """Adds the command to the tree."""
    text = _("On a gateway that is cut off: copy what waits to a USB stick.")
    command(app, "collect", text)(_collect)


def _collect(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help=_("where the stick is mounted"))
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("the gateway's settings"))
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help=_("the card of a dead gateway, mounted there")),
    ] = None,
    any_folder: Annotated[
        bool, typer.Option("--any", help=_("also a folder of the gateway's own card"))
    ] = False,
) -> Outcome:
    job = job_of(ctx)
    default = card / SETTINGS.relative_to("/") if card else SETTINGS
    wish = Wish(
        folder=_folder(job, folder),
        settings=settings or default,
        any_folder=any_folder,
        card=card,
    )
    if job.dry_run:
        if not wish.folder.is_dir():
            raise Trouble("E-COLLECT-06", folder=str(wish.folder))
        return Outcome(code=job.done_code, result={"folder": str(wish.folder)})
    said = _copied(job, wish)
    _say(job, said)
    return Outcome(result=said.model_dump(mode="json"))


def _folder(job: Job, given: Path | None) -> Path:
    there = sticks.mounted(job.environ)
    default = str(there[0]) if len(there) == 1 else None
    asked = job.ask(
        str(given) if given else None, _("The stick's folder"), flag="FOLDER", default=default
    )
    return Path(asked)


def _copied(job: Job, wish: Wish) -> Collected:
    words = {"check": _("Looking at the stick"), "copy": _("Copying batches")}
    bar = Bar(job.terminal, job.monotonic)

    def progress(told: Progress) -> None:
        bar.show(words[told.step], told.done, told.total)

    try:
        return collect(wish, job.environ, progress)
    finally:
        bar.end()


def _say(job: Job, said: Collected) -> None:
    if said.receipt == "applied":
        text = plural(
            "The city's receipt closed {count} batch",
            "The city's receipt closed {count} batches",
            said.closed,
        )
        job.ok(text.format(count=number(said.closed)))
    if said.receipt == "refused":
        text = _("The receipt on the stick was not believed: {why}")
        job.step(Sign.WARN, text.format(why=said.refused))
    for name in said.damaged:
        job.step(Sign.WARN, _("{name} on the stick was damaged or changed").format(name=name))
    if said.copied:
        _say_copied(job, said)
    elif said.waiting:
        job.ok(_("All that waits is on the stick already"))
    if said.waiting:
        _say_waiting(job, said)
    else:
        job.ok(_("Nothing waits on {gateway} any more").format(gateway=said.gateway))


def _say_copied(job: Job, said: Collected) -> None:
    text = plural(
        "{count} batch copied and read back: {readings} readings, {events} events",
        "{count} batches copied and read back: {readings} readings, {events} events",
        said.copied,
    )
    counts = {"readings": number(said.readings), "events": number(said.events)}
    job.ok(text.format(count=number(said.copied), **counts))


def _say_waiting(job: Job, said: Collected) -> None:
    text = plural(
        "{count} batch waits on {gateway} until the city's receipt is here",
        "{count} batches wait on {gateway} until the city's receipt is here",
        said.waiting,
    )
    job.step(Sign.WAIT, text.format(count=number(said.waiting), gateway=said.gateway))
    job.say(_("Bring the stick to the city and back: copying alone settles nothing."))
