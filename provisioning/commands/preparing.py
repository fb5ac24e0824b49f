"""`nadi gateway prepare`: bundles and labels for many gateways, with a bar that says how far."""

from datetime import timedelta
from pathlib import Path

from contract.bundle import Endpoint
from contract.identity import Kind
from provisioning import files, names
from provisioning.authority import folder as places
from provisioning.authority.folder import Authority
from provisioning.errors import Trouble
from provisioning.inventory import book, changing
from provisioning.inventory.book import Because, Entry, Prepared
from provisioning.inventory.changing import Change
from provisioning.job import Job
from provisioning.language import _, plural
from provisioning.outcome import ALREADY, Outcome
from provisioning.preparing import bundles
from provisioning.preparing.ranges import expanded
from provisioning.progress import shown

MAX_DAYS = 730


def prepare_gateways(
    job: Job,
    words: list[str],
    out: Path,
    days: int,
    enrolment: tuple[Endpoint, ...],
    authority: Path | None,
) -> Outcome:
    """Writes what is missing or no longer right, and records each bundle."""
    there = places.load(job.folder(authority))
    if not 1 <= days <= MAX_DAYS:
        raise Trouble("E-PREPARE-04", text=str(days), limit=MAX_DAYS)
    wish = bundles.Wish(
        gateways=expanded(words),
        folder=out,
        life=timedelta(days=days),
        brokers=tuple(Endpoint(host=host, port=there.reach.port) for host in there.hosts),
        enrolment=enrolment,
    )
    because = Because(who=job.who, why="prepare", at=job.now())
    with book.opened(there.folder / book.FILE, write=not job.dry_run) as kept:
        entries = kept.entries()
        missing = _missing(wish, entries)
        plan = bundles.plan(there, wish, entries, kept.prepared(), now=job.now())
        changed = bool(missing) or not plan.nothing_to_do
        if not job.dry_run:
            changing.apply(kept, missing, because)
            for prepared in _written(job, there, wish, plan):
                kept.add_prepared(prepared, who=job.who)
    _say(job, wish, plan)
    return Outcome(
        code=job.done_code if changed else ALREADY,
        result={
            "folder": str(out),
            "new": [bundle.gateway for bundle in plan.new],
            "kept": list(plan.kept),
            "labels": str(plan.labels.path),
        },
        next=("nadi fleet publish",) if changed else (),
    )


def _missing(wish: bundles.Wish, entries: dict[str, Entry]) -> list[Change]:
    """Gateways that are not in the inventory yet; raises Trouble for a name that cannot be one."""
    missing = []
    for name in wish.gateways:
        if name in entries:
            changing.living(entries, name, gateway=True)
        elif same := names.same_ignoring_case(name, tuple(entries)):
            raise Trouble("E-FLEET-12", name=name, other=same)
        else:
            missing.append(Change(before=None, after=Entry(id=name, kind=Kind.GATEWAY)))
    return missing


def _written(job: Job, there: Authority, wish: bundles.Wish, plan: bundles.Plan) -> list[Prepared]:
    wish.folder.mkdir(parents=True, exist_ok=True)
    made = [
        bundles.write(there, wish, bundle)
        for bundle in shown(
            plan.new,
            len(plan.new),
            text=_("Bundles"),
            terminal=job.terminal,
            monotonic=job.monotonic,
        )
    ]
    if not files.same(plan.labels):
        files.write(plan.labels)
    return made


def _say(job: Job, wish: bundles.Wish, plan: bundles.Plan) -> None:
    new, kept = len(plan.new), len(plan.kept)
    if new:
        text = plural("{count} new bundle in {folder}", "{count} new bundles in {folder}", new)
        job.ok(text.format(count=new, folder=wish.folder))
    if kept:
        text = plural(
            "{count} bundle was right already", "{count} bundles were right already", kept
        )
        job.ok(text.format(count=kept))
    job.ok(_("Labels to print: {file}").format(file=plan.labels.path))
    job.ok(_("City code on every label: {code}").format(code=plan.city_code))
