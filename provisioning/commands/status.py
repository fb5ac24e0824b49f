"""`nadi status`: the whole fleet in one table, the worst first."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from provisioning import names
from provisioning.authority import folder as places
from provisioning.authority.folder import Authority
from provisioning.broker import rules
from provisioning.errors import Trouble
from provisioning.face import command, job_of
from provisioning.inventory import book
from provisioning.inventory.book import Entry
from provisioning.job import Job
from provisioning.language import _, number, plural, span
from provisioning.outcome import Exit, Outcome
from provisioning.preparing.ranges import expanded
from provisioning.terminal import Sign
from provisioning.watching.fleet import DAY, SILENT_AFTER, Gateway, State, in_order, judged
from provisioning.watching.hearing import States, heard, reader_of

READER = "status"
NOTHING = "–"
ADDRESS = re.compile(r"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:]+))(:(?P<port>\d{1,5}))?")


def add_to(app: typer.Typer) -> None:
    """The command stands alone, without a group."""
    command(app, "status", _("How every gateway is, the worst first."))(_status)


def _status(
    ctx: typer.Context,
    gateway: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help=_("only these, such as bb-0001..bb-0050")),
    ] = None,
    kelurahan: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help=_("only those there; may be given again")),
    ] = None,
    reader: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help=_("the certificate to hear with, from nadi authority issue")
        ),
    ] = None,
    broker: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help=_("where the broker is"))
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help=_("where the authority is kept")),
    ] = None,
) -> Outcome:
    job = job_of(ctx)
    folder = job.folder(authority)
    there = places.load(folder) if places.is_there(folder) else None
    wanted = expanded(gateway or ())
    own = reader_of(reader or folder / places.CLIENTS / READER)
    host, port = _address(job, broker, there)
    entries = _inventory(folder)
    states = heard(own, host, port, monotonic=job.monotonic)
    found = _named(states, entries, wanted, kelurahan or [])
    now = job.now()
    shown = in_order(judged(one, states.get(one), entries.get(one), now) for one in found)
    _say(job, shown)
    failed = any(one.sign is Sign.FAIL for one in shown)
    return Outcome(
        code="fault" if failed else job.done_code,
        exit=Exit.FAULT if failed else Exit.DONE,
        result={"city": own.city, "gateways": [_fact(one) for one in shown]},
    )


def _address(job: Job, given: str | None, there: Authority | None) -> tuple[str, int]:
    if given is None and there is not None:
        return there.reach.host, there.reach.port
    said = job.ask(given, _("Address or name of the broker"), flag="--broker")
    found = ADDRESS.fullmatch(said)
    if not found or not 0 < int(found["port"] or rules.PORT) < 65_536:
        raise Trouble("E-USAGE-04", option="--broker", command="nadi status")
    host = names.checked_host(found["six"] or found["host"])
    return host, int(found["port"] or rules.PORT)


def _inventory(folder: Path) -> dict[str, Entry]:
    """The office's list, where it is on this machine."""
    if not (folder / book.FILE).is_file():
        return {}
    with book.opened(folder / book.FILE, write=False) as kept:
        return {name: one for name, one in kept.entries().items() if one.is_gateway}


def _named(
    states: States, entries: dict[str, Entry], wanted: Sequence[str], kelurahan: Sequence[str]
) -> set[str]:
    """Whom to show: the named ones, or all that anybody knows of and nobody retired."""
    if kelurahan and not entries:
        raise Trouble("E-STATUS-04")
    retired = {name for name, one in entries.items() if one.retired}
    found = set(wanted) or {*states, *entries} - retired
    if kelurahan:
        found &= {name for name, one in entries.items() if one.kelurahan in kelurahan}
    return found


def _say(job: Job, shown: Sequence[Gateway]) -> None:
    if not shown:
        job.say(_("The feed names no gateway."))
        return
    heads = (_("Gateway"), _("State"), _("Waits"), _("For"), _("Room"), _("Heard"), _("Faults"))
    rows = [_row(one) for one in shown]
    used = [at for at in range(len(heads)) if any(row[at] for row in rows)]
    job.terminal.table(
        [heads[at] for at in used],
        [[row[at] or NOTHING for at in used] for row in rows],
        signs=[one.sign for one in shown],
    )
    if len(shown) == 1:
        for fault in shown[0].faults:
            job.terminal.more(fault)
        _say_log(job, shown[0])
    _sum_up(job, shown)


def _say_log(job: Job, one: Gateway) -> None:
    """What changed on it in the last day, as it said itself; when that was, by our clock."""
    status = one.said.status if one.said else None
    if status is None or not status.log:
        return
    since = one.heard_ago or timedelta()
    job.say(_("Its last day:"))
    for line in status.log:
        ago = span(since + timedelta(milliseconds=line.age_ms))
        times = f" ×{number(line.times)}" if line.times > 1 else ""
        job.terminal.more(_("{span} ago").format(span=ago) + f"  {line.text}{times}")


def _row(one: Gateway) -> tuple[str, ...]:
    backlog = one.said.status.backlog if one.said else None
    waits = backlog.counts.readings + backlog.counts.events if backlog else 0
    now = timedelta(minutes=1)
    ago = one.heard_ago
    return (
        one.name,
        _(one.state.value),
        number(waits) if waits and one.oldest is not None else "",
        "" if one.oldest is None else span(one.oldest),
        "" if one.room_days is None else span(one.room_days * DAY),
        "" if ago is None else _("now") if ago < now else _("{span} ago").format(span=span(ago)),
        str(len(one.faults)) if one.faults else "",
    )


def _sum_up(job: Job, shown: Sequence[Gateway]) -> None:
    count = {state: sum(one.state is state for one in shown) for state in State}
    text = plural("{count} gateway", "{count} gateways", len(shown)).format(count=len(shown))
    job.say(text)
    told = _(
        "{online} online · {buffering} buffering · {silent} silent · {drained} drained"
        " · {unheard} never heard"
    ).format(**{state.name.lower(): found for state, found in count.items()})
    if count[State.RETIRED]:
        told += _(" · {count} retired").format(count=count[State.RETIRED])
    job.say(told)
    ages = [one.heard_ago for one in shown if one.heard_ago is not None]
    if ages and min(ages) > SILENT_AFTER:
        said = _("Nothing was heard of any of them for {span}: does the bridge run?")
        job.say(said.format(span=span(min(ages))))


def _fact(one: Gateway) -> dict[str, Any]:
    """For programs: what was said and when, and nothing that another second would change."""
    said, entry = one.said, one.entry
    return {
        "gateway": one.name,
        "state": one.state.name.lower(),
        "sign": one.sign.name.lower(),
        "registered": said.registered if said else None,
        "heard_at": said.heard_at if said else None,
        "status": said.status.model_dump(mode="json", exclude_none=True) if said else None,
        "name": entry.name if entry else "",
        "kelurahan": entry.kelurahan if entry else "",
    }
