"""`nadi fleet …`: what the city owns, from a list to the registry that the bridge takes."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from contract.identity import Kind
from provisioning.authority import folder as places
from provisioning.commands.options import Folder, Reason
from provisioning.commands.showing import changes_of, history_of, say_changes
from provisioning.errors import Trouble
from provisioning.face import command, job_of, new_group
from provisioning.inventory import book, changing, publishing
from provisioning.inventory.book import Because, Entry
from provisioning.inventory.city import plan_of
from provisioning.inventory.faults import Fault
from provisioning.inventory.reading import City, read_rows
from provisioning.inventory.table import Table, read
from provisioning.job import Job
from provisioning.language import _, plural
from provisioning.outcome import ALREADY, Outcome
from provisioning.terminal import Sign

GROUP = new_group(_("What the city owns: lists, moves, and the registry."))
MAX_FAULTS_SHOWN = 50
PUBLISH = "nadi fleet publish"


@command(GROUP, "import", _("Take a list of gateways and assets into the inventory."))
def import_list(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("a CSV file"))],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help=_("leave out the lines that cannot be used"))
    ] = False,
    reason: Reason = None,
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    there = places.load(job.folder(authority))
    table = read(file.read_bytes(), name=file.name)
    _say_form(job, file, table)
    because = Because(who=job.who, why=reason or f"import {file.name}", at=job.now())
    with book.opened(there.folder / book.FILE, write=not job.dry_run) as kept:
        city = City(name=there.city, plan=plan_of(there.city, there.folder), there=kept.entries())
        entries, found = read_rows(table.rows, city)
        faults = sorted([*table.faults, *found], key=lambda fault: fault.line)
        _say_faults(job, faults, skip_bad=skip_bad)
        if faults and not skip_bad:
            return _refused(job, file, faults)
        changes = changing.imported(entries, city.there)
        if not job.dry_run:
            changing.apply(kept, changes, because)
    say_changes(job, changes)
    same = len(entries) - sum(change.after in entries for change in changes)
    if same:
        said = plural("{count} line was so already", "{count} lines were so already", same)
        job.ok(said.format(count=same))
    return Outcome(
        code=job.done_code if changes or job.dry_run else ALREADY,
        result={
            "changes": changes_of(changes),
            "unchanged": same,
            "skipped": [fault.fact() for fault in faults],
        },
        next=(PUBLISH,) if changes else (),
    )


@command(GROUP, "list", _("Show the gateways and assets in the inventory."))
def list_entries(
    ctx: typer.Context,
    gateway: Annotated[
        str | None, typer.Option(metavar="NAME", help=_("only what this gateway is to read"))
    ] = None,
    kind: Annotated[Kind | None, typer.Option(metavar="KIND", help=_("only this kind"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=_("the retired ones too"))] = False,
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    there = places.load(job.folder(authority))
    with book.opened(there.folder / book.FILE, write=False) as kept:
        entries = kept.entries()
    if gateway is not None:
        gateway = changing.found(
            {name: one for name, one in entries.items() if one.is_gateway}, gateway
        ).id
    listed = [
        entry
        for entry in entries.values()
        if (everything or not entry.retired)
        and (kind is None or entry.kind is kind)
        and (gateway is None or gateway in (entry.gateway, entry.id))
    ]
    if listed:
        heads = (_("Number"), _("Kind"), _("Kelurahan"), _("Gateway"))
        job.terminal.table(heads, [_row(entry) for entry in listed])
    count = len(listed)
    job.say(plural("{count} entry", "{count} entries", count).format(count=count))
    return Outcome(result={"entries": [entry.fact() for entry in listed]})


@command(GROUP, "show", _("Show one gateway or asset, and everything that was changed."))
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("a gateway or asset"))],
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    there = places.load(job.folder(authority))
    with book.opened(there.folder / book.FILE, write=False) as kept:
        entries = kept.entries()
        entry = changing.found(entries, name)
        past = kept.history(entry.id)
        prepared = kept.prepared().get(entry.id)
    assets = [one.id for one in entries.values() if one.gateway == entry.id and not one.retired]
    history_of(job, entry, past, assets=assets, prepared=prepared)
    return Outcome(
        result={
            "entry": entry.fact(),
            "assets": assets,
            "history": [one.fact() for one in past],
            "bundle_expires_at": prepared and prepared.expires_at.isoformat(),
        }
    )


@command(GROUP, "publish", _("Sign the inventory as the registry that the bridge takes."))
def publish(ctx: typer.Context, authority: Folder = None) -> Outcome:
    job = job_of(ctx)
    there = places.load(job.folder(authority))
    because = Because(who=job.who, why="publish", at=job.now())
    with book.opened(there.folder / book.FILE, write=not job.dry_run) as kept:
        made = publishing.publish(there, kept, because, dry_run=job.dry_run)
    if made.new:
        text = _("Registry {number}: {gateways} gateways, {assets} assets")
    else:
        text = _("Registry {number} says the same already: {gateways} gateways, {assets} assets")
    job.ok(text.format(number=made.number, gateways=made.gateways, assets=made.assets))
    job.ok(_("File: {file}").format(file=made.file))
    return Outcome(
        code=job.done_code if made.new else ALREADY,
        result={
            "number": made.number,
            "file": str(made.file),
            "gateways": made.gateways,
            "assets": made.assets,
        },
        next=(f"nadi-bridge registry load {made.file} --settings /etc/nadi/bridge.toml",),
    )


def _say_form(job: Job, file: Path, table: Table) -> None:
    if table.encoding not in ("utf-8", "utf-8-sig"):
        job.step(
            Sign.WARN,
            _("{file} is in {encoding}; it was read as that. Look at the names.").format(
                file=file.name, encoding=table.encoding
            ),
        )


def _say_faults(job: Job, faults: list[Fault], *, skip_bad: bool) -> None:
    for fault in faults[:MAX_FAULTS_SHOWN]:
        job.step(Sign.SKIP if skip_bad else Sign.FAIL, fault.said())
    if len(faults) > MAX_FAULTS_SHOWN:
        more = len(faults) - MAX_FAULTS_SHOWN
        job.say(plural("and {count} more", "and {count} more", more).format(count=more))


def _refused(job: Job, file: Path, faults: list[Fault]) -> Outcome:
    trouble = Trouble("E-FLEET-01", file=file.name, count=len({fault.line for fault in faults}))
    job.terminal.error(trouble.lines(), trouble.known.code)
    return replace(trouble.outcome(), result={"faults": [fault.fact() for fault in faults]})


def _row(entry: Entry) -> tuple[str, str, str, str]:
    kind = ", ".join([entry.kind, _("retired")] if entry.retired else [entry.kind])
    return entry.id, kind, entry.kelurahan, entry.gateway or ""
