"""`nadi authority …`: who is who in the city, made in the office."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioning import names
from provisioning.authority import folder as places
from provisioning.authority import making, record
from provisioning.authority.standing import Part, Standing, State, standing
from provisioning.broker import rules
from provisioning.certificates import fingerprint
from provisioning.commands.options import Confirm, Folder, Name, Reason
from provisioning.commands.revoking import revoke_name
from provisioning.errors import Trouble
from provisioning.face import command, job_of, new_group
from provisioning.job import Job
from provisioning.language import _, day, mark, plural
from provisioning.outcome import ALREADY, Exit, Outcome
from provisioning.terminal import Sign

if TYPE_CHECKING:
    from provisioning.authority.delegating import Delegation

GROUP = new_group(_("The city's authority: certificates, delegations, revocation."))
RENEWED = ("broker", "bridge", "reader", "issuing")
STATUS, APPLY = "nadi authority status", "nadi authority apply"


@command(GROUP, "init", _("Make the city's authority and the broker's folder, once."))
def init(
    ctx: typer.Context,
    city: Annotated[
        str | None, typer.Option(metavar="NAME", help=_("the city's name in every topic"))
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST", help=_("an address or name of the broker; may be given again")
        ),
    ] = None,
    passphrase: Annotated[
        str | None,
        typer.Option(metavar="file:PATH|-", help=_("guards the root key")),
    ] = None,
    broker_path: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help=_("where its folder will lie on the broker's machine")),
    ] = None,
    listen: Annotated[
        str, typer.Option(metavar="PORT", help=_("the broker's port, or port and address"))
    ] = str(rules.PORT),
    log: Annotated[
        str, typer.Option(metavar="PLACE", help=_("where the broker logs to"))
    ] = "syslog",
    authority: Folder = None,
) -> Outcome:
    job = job_of(ctx)
    folder = job.folder(authority)
    city = names.checked(job.ask(city, _("City"), flag="--city"))
    hosts = job.ask_all(host, _("Address or name of the broker"), flag="--host")
    wish = making.Wish(
        city=city,
        hosts=tuple(map(names.checked_host, hosts)),
        broker_path=broker_path,
        listener=names.checked_listener(listen),
        log=names.checked_log(log),
    )
    there = making.matching(folder, wish)
    if there is not None:
        job.ok(_("The authority of {city} is there already.").format(city=there.city))
        return Outcome(code=ALREADY, result=_result(there), next=(STATUS,))
    secret = job.secret(passphrase, _("Passphrase for the root key"), flag="--passphrase", new=True)
    if job.dry_run:
        job.ok(_("An authority of {city} can be made here.").format(city=city))
        return Outcome(code=job.done_code)
    made = making.make(folder, wish, passphrase=secret, now=job.now())
    _say_made(job, made)
    return Outcome(result=_result(made), next=(STATUS,))


@command(GROUP, "delegate", _("Let a laptop without a network enrol these gateways."))
def delegate(
    ctx: typer.Context,
    gateways: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help=_("the gateways, by name"))
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("where to write it: a stick"))
    ] = None,
    days: Annotated[
        int,
        typer.Option(min=1, max=90, metavar="DAYS", help=_("how long it and its work are valid")),
    ] = 14,
    passphrase: Annotated[
        str | None, typer.Option(metavar="file:PATH|-", help=_("guards its key on the laptop"))
    ] = None,
    authority: Folder = None,
) -> Outcome:
    from provisioning.authority import delegating  # noqa: PLC0415

    job = job_of(ctx)
    there = places.load(job.folder(authority))
    named = job.ask_all(gateways, _("Names of the gateways"), flag="NAME")
    file = Path(job.ask(str(out) if out else None, _("File to write"), flag="--out"))
    now = job.now()
    with record.opened(there.record_file, write=False) as kept:
        checked = delegating.check_names(kept, named, now=now)
    if file.exists():
        raise Trouble("E-FILE-03", path=str(file), why=mark("it is there already."))
    secret = job.secret(passphrase, _("Passphrase for it"), flag="--passphrase", new=True)
    if job.dry_run:
        return Outcome(code=job.done_code, result={"gateways": list(checked)})
    made = delegating.make(
        there, checked, life=timedelta(days=days), now=now, file=file, passphrase=secret
    )
    count = len(checked)
    said = plural("{name} for {count} gateway", "{name} for {count} gateways", count)
    job.ok(said.format(name=made.name, count=count))
    job.ok(_("Valid until {day}, like all it makes").format(day=day(made.until)))
    return _sent(job, there, result=_delegated(made, file))


@command(GROUP, "issue", _("A certificate for one more bridge or central system."))
def issue(
    ctx: typer.Context,
    name: Name = None,
    role: Annotated[
        str | None, typer.Option(metavar="bridge|reader", help=_("a reader hears the feed only"))
    ] = None,
    authority: Folder = None,
) -> Outcome:
    from provisioning.authority import issuing  # noqa: PLC0415

    job = job_of(ctx)
    there = places.load(job.folder(authority))
    name = names.checked(job.ask(name, _("Name"), flag="NAME"))
    wanted = job.ask(role, _("Role, bridge or reader"), flag="--role", default="reader")
    if wanted not in issuing.ROLES:
        raise Trouble("E-USAGE-04", option="--role", command="nadi authority issue")
    now = job.now()
    folder = there.folder / places.CLIENTS / name
    already = issuing.check(there, name, issuing.ROLES[wanted], now=now)
    if already or job.dry_run:
        return Outcome(code=ALREADY if already else job.done_code, result={"folder": str(folder)})
    issuing.issue(there, name, issuing.ROLES[wanted], now=now)
    job.ok(_("{name}: {folder}").format(name=name, folder=folder))
    return _sent(job, there, result={"folder": str(folder)})


@command(GROUP, "renew", _("A new certificate for the broker, a bridge or a central system."))
def renew(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help=_("its name; issuing: the authority's own")),
    ] = None,
    root_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=_("for issuing: the root key, from its stick")),
    ] = None,
    passphrase: Annotated[
        str | None, typer.Option(metavar="file:PATH|-", help=_("opens the root key"))
    ] = None,
    authority: Folder = None,
) -> Outcome:
    from provisioning.authority import issuing, lengthening  # noqa: PLC0415

    job = job_of(ctx)
    there = places.load(job.folder(authority))
    name = names.checked(job.ask(name, _("Name"), flag="NAME"))
    if name == lengthening.NAME:
        return _lengthened(job, there, root_key, passphrase)
    old = issuing.holder(there, name)
    if job.dry_run:
        return Outcome(code=job.done_code, result={"name": old.name})
    folder = issuing.renew(there, old, now=job.now())
    job.ok(_("{name}: {folder}").format(name=old.name, folder=folder))
    if folder != Path(there.reach.folder):
        job.step(Sign.WAIT, _("Copy it to its machine, and restart what uses it there."))
        return Outcome(code="queued", result={"folder": str(folder)}, pending=("copy",))
    return _sent(job, there, result={"folder": str(folder)})


def _lengthened(
    job: Job, there: places.Authority, root_key: Path | None, passphrase: str | None
) -> Outcome:
    from provisioning.authority import lengthening  # noqa: PLC0415

    given = str(root_key) if root_key else None
    file = Path(job.ask(given, _("The root key's file"), flag="--root-key"))
    secret = job.secret(passphrase, _("Passphrase for the root key"), flag="--passphrase")
    root = lengthening.root_of(there, file, passphrase=secret)
    if job.dry_run:
        return Outcome(code=job.done_code, result={"name": lengthening.NAME})
    made = lengthening.lengthen(there, root, now=job.now())
    until = made.not_valid_after_utc
    job.ok(_("Issuing: until {day}").format(day=day(until)))
    job.step(Sign.WARN, _("Where nadi-enrolment runs, restart it."))
    return _sent(job, places.load(there.folder), result={"until": until.isoformat()})


@command(GROUP, "apply", _("Send the newest lists to the broker, with what was replaced since."))
def apply(ctx: typer.Context, authority: Folder = None) -> Outcome:
    from provisioning.authority import issuing  # noqa: PLC0415

    job = job_of(ctx)
    there = places.load(job.folder(authority))
    if job.dry_run:
        return Outcome(code=job.done_code)
    count = issuing.sign_waiting(there, now=job.now())
    if count:
        job.ok(_replaced(count))
    return _sent(job, there, result={"replaced": count})


@command(GROUP, "revoke", _("End a bridge, a central system or a delegation for good."))
def revoke(
    ctx: typer.Context,
    name: Name = None,
    reason: Reason = None,
    confirm: Confirm = None,
    authority: Folder = None,
) -> Outcome:
    return revoke_name(job_of(ctx), name, reason, confirm, authority, gateway=False)


@command(GROUP, "status", _("What runs out when, and what to do about it."))
def status(ctx: typer.Context, authority: Folder = None) -> Outcome:
    job = job_of(ctx)
    found = standing(places.load(job.folder(authority)), now=job.now())
    job.say(_("Authority of {city}").format(city=found.city))
    for part in found.parts:
        _say_part(job, part)
    _say_lists(job, found)
    return Outcome(
        code="fault" if found.failed else "done",
        exit=Exit.FAULT if found.failed else Exit.DONE,
        result=_standing(found),
    )


def _sent(job: Job, there: places.Authority, *, result: dict[str, object]) -> Outcome:
    """Hands the newest lists to the broker; what cannot be sent now is pending, and said."""
    from provisioning.authority import issuing  # noqa: PLC0415

    try:
        issuing.send(there, now=job.now())
    except (Trouble, OSError) as error:
        why = " ".join(error.lines()[:1]) if isinstance(error, Trouble) else str(error)
        job.step(Sign.WAIT, _("The broker does not have it yet: {why}").format(why=why))
        return Outcome(code="queued", result=result, pending=("apply",), next=(APPLY,))
    job.ok(_("The broker has it."))
    return Outcome(result=result)


def _delegated(made: "Delegation", file: Path) -> dict[str, object]:
    return {
        "name": made.name,
        "gateways": list(made.gateways),
        "until": made.until.isoformat(),
        "file": str(file),
    }


def _say_made(job: Job, made: places.Authority) -> None:
    job.ok(_("Authority of {city}").format(city=made.city))
    job.ok(_("City code: {code}").format(code=fingerprint(made.root)))
    job.ok(_("Broker's folder: {folder}").format(folder=made.broker_folder))
    job.step(
        Sign.WARN,
        _("Move {key} to a stick and lock it away; nothing here needs it.").format(
            key=made.folder / places.OFFLINE / places.ROOT_KEY
        ),
    )


def _say_part(job: Job, part: Part) -> None:
    texts = {
        "root": _("Root: until {day}"),
        "issuing": _("Issuing: until {day}"),
        "broker": _("Broker {name}: until {day}"),
        "bridge": _("Bridge {name}: until {day}"),
        "reader": _("Reader {name}: until {day}"),
        "delegation": _("Delegation {name}: until {day}"),
    }
    job.step(Sign[part.state.name], texts[part.what].format(name=part.name, day=day(part.until)))
    if part.state is not State.OK and part.what in RENEWED:
        name = part.what if part.what == "issuing" else part.name
        job.terminal.command("     ", f"nadi authority renew {name}")


def _say_lists(job: Job, found: Standing) -> None:
    count = found.gateways
    said = plural("{count} gateway has a certificate", "{count} gateways have a certificate", count)
    job.ok(said.format(count=count))
    if found.list_number == found.applied_list_number:
        job.ok(_("Revocation list {number}").format(number=found.list_number))
    else:
        job.step(
            Sign.FAIL,
            _("The broker has revocation list {old}, not {new}.").format(
                old=found.applied_list_number, new=found.list_number
            ),
        )
    if found.waiting:
        job.step(Sign.WARN, _replaced(found.waiting))
        job.terminal.command("     ", APPLY)
    if found.root_key_here:
        job.step(Sign.WARN, _("The root key is still on this machine: move it to a stick."))


def _replaced(count: int) -> str:
    said = plural(
        "{count} certificate was replaced since the last list",
        "{count} certificates were replaced since the last list",
        count,
    )
    return said.format(count=count)


def _result(made: places.Authority) -> dict[str, object]:
    return {
        "city": made.city,
        "hosts": list(made.hosts),
        "folder": str(made.folder),
        "broker_folder": str(made.broker_folder),
        "city_code": fingerprint(made.root),
    }


def _standing(found: Standing) -> dict[str, object]:
    return {
        "city": found.city,
        "gateways": found.gateways,
        "first_gateway_until": found.first_gateway and found.first_gateway.isoformat(),
        "revocation_list": found.list_number,
        "revocation_list_applied": found.applied_list_number,
        "replaced_since": found.waiting,
        "root_key_here": found.root_key_here,
        "parts": [
            {
                "what": part.what,
                "name": part.name,
                "until": part.until.isoformat(),
                "state": part.state,
            }
            for part in found.parts
        ],
    }
