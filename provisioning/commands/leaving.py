"""`nadi gateway replace` and `retire`: a gateway is gone, and nothing of it is lost in silence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract.bundle import Endpoint
from contract.identity import City, GatewayId
from contract.topics import Topics
from provisioning import names
from provisioning.authority import folder as places
from provisioning.authority import record, revoking
from provisioning.authority.folder import Authority
from provisioning.authority.revoking import Target
from provisioning.bridge import program
from provisioning.commands.revoking import shown_refused
from provisioning.errors import Trouble
from provisioning.inventory import book, changing
from provisioning.inventory.book import Because, Entry
from provisioning.job import Job
from provisioning.language import _, clock, day, number, plural
from provisioning.outcome import ALREADY, Outcome
from provisioning.preparing import bundles
from provisioning.terminal import Sign

PUBLISH = "nadi fleet publish"
SHOWN = 8  # assets of a gateway that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person said on the line."""

    name: str | None
    reason: str | None
    confirm: str | None
    discard: int | None
    authority: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """One gateway that goes; `held` is what of it is given up, with its readings and events."""

    job: Job
    there: Authority
    name: str
    why: str
    held: int

    def give_up(self) -> None:
        """What it held is lost, with the reason; raises Trouble if that is not what it was."""
        now_held = _held(self.there, self.name)[0]
        if now_held != self.held:
            raise Trouble("E-UNSETTLED-03", gateway=self.name, count=now_held)
        if not self.held:
            return
        program.discard(self.there.bridge, self.name, count=self.held, reason=self.why)
        said = plural(
            "{count} reading or event is recorded as lost",
            "{count} readings and events are recorded as lost",
            self.held,
        )
        self.job.step(Sign.WARN, said.format(count=number(self.held)))


def replace_gateway(
    job: Job, wish: Wish, *, out: Path, days: int, enrolment: Sequence[Endpoint]
) -> Outcome:
    """New hardware, same name, assets and history: the old is refused, a fresh bundle made."""
    there, name = _named(job, wish)
    _living(there, name)
    target = _target(job, there, name)
    held = _unsettled(job, there, name, wish.discard)
    reason = job.ask(wish.reason, _("Reason"), flag="--reason")
    job.say(_("Replace {name}: its hardware is refused for good.").format(name=name))
    job.typed_name(name, confirmed=wish.confirm)
    plan = bundles.Wish(
        gateways=(name,),
        folder=out,
        life=timedelta(days=days),
        brokers=tuple(Endpoint(host=host, port=there.reach.port) for host in there.hosts),
        enrolment=tuple(enrolment),
    )
    result = {"name": name, "lost": held, "bundle": str(plan.file(name))}
    if job.dry_run:
        return Outcome(code=job.done_code, result=result)
    parting = Parting(job=job, there=there, name=name, why=f"replaced: {reason}", held=held)
    signed = shown_refused(job, there, target, reason)
    parting.give_up()
    _prepare(job, there, plan)
    job.ok(_("A fresh bundle: {file}").format(file=plan.file(name)))
    delegations = _delegations(there, name, now=job.now())
    for one in delegations:
        text = _("{delegation} serves {name} no longer: make a new one")
        job.step(Sign.WARN, text.format(delegation=one, name=name))
    return Outcome(
        result={**result, "revocation_list": signed.number, "delegations_over": delegations}
    )


def retire_gateway(job: Job, wish: Wish, *, with_assets: bool) -> Outcome:
    """It is refused, gone from the inventory and the broker, and what it held is accounted for."""
    there, name = _named(job, wish)
    entry, assets = _entry(there, name)
    if entry.retired:
        job.ok(_("{name} is retired already.").format(name=name))
        return Outcome(code=ALREADY, result={"name": name})
    if assets and not with_assets:
        shown = ", ".join(assets[:SHOWN]) + (" …" if len(assets) > SHOWN else "")
        raise Trouble("E-RETIRE-01", gateway=name, count=len(assets), assets=shown)
    topics, gateway = Topics(City(there.city)), GatewayId(name)
    cleared = (topics.holding(gateway), topics.status(gateway))
    target = replace(_target(job, there, name), cleared=cleared)
    held = _unsettled(job, there, name, wish.discard)
    reason = job.ask(wish.reason, _("Reason"), flag="--reason")
    job.say(_("Retire {name}: permanent. Its history stays.").format(name=name))
    job.typed_name(name, confirmed=wish.confirm)
    result = {"name": name, "lost": held, "assets": assets}
    if job.dry_run:
        return Outcome(code=job.done_code, result=result)
    parting = Parting(job=job, there=there, name=name, why=f"retired: {reason}", held=held)
    signed = shown_refused(job, there, target, reason)
    parting.give_up()
    _retire(job, there, [*assets, name], reason)
    for asset in assets:
        job.ok(_("{asset} is retired").format(asset=asset))
    job.ok(_("{name} is retired, and the broker retains nothing it said").format(name=name))
    return Outcome(result={**result, "revocation_list": signed.number}, next=(PUBLISH,))


def _named(job: Job, wish: Wish) -> tuple[Authority, str]:
    there = places.load(job.folder(wish.authority))
    return there, names.checked(job.ask(wish.name, _("Name"), flag="NAME"))


def _target(job: Job, there: Authority, name: str) -> Target:
    """Nobody else had its key, so what it signed for a stick before is still taken in."""
    target = revoking.target(there, name, gateway=True, now=job.now(), listed=True)
    return replace(target, superseded=True)


def _living(there: Authority, name: str) -> None:
    with book.opened(there.folder / book.FILE, write=False) as kept:
        changing.living(kept.entries(), name, gateway=True)


def _entry(there: Authority, name: str) -> tuple[Entry, list[str]]:
    """The gateway, and the assets in use that it is to read."""
    with book.opened(there.folder / book.FILE, write=False) as kept:
        entries = kept.entries()
    gateways = {key: one for key, one in entries.items() if one.is_gateway}
    entry = changing.found(gateways, name)
    return entry, [
        one.id for one in entries.values() if one.gateway == entry.id and not one.retired
    ]


def _held(there: Authority, name: str) -> tuple[int, int, int, int | None]:
    """What the city lacks, its readings and events, and when the gateway said so."""
    found = program.standing(there.bridge, name)
    if found is None:
        return 0, 0, 0, None
    held = found.held
    return held.readings + held.events, held.readings, held.events, found.stated_ms


def _unsettled(job: Job, there: Authority, name: str, given: int | None) -> int:
    """What is to be given up: nothing, or exactly what a person wrote; raises Trouble."""
    count, readings, events, stated_ms = _held(there, name)
    if stated_ms is not None:
        at = datetime.fromtimestamp(stated_ms / 1000, UTC)
        said = _("{name} spoke last on {day} at {time}")
        job.say(said.format(name=name, day=day(at), time=clock(at)))
    if not count:
        job.ok(_("The city has all that {name} said it sealed").format(name=name))
        return 0
    if given is None:
        raise Trouble("E-UNSETTLED-01", gateway=name, count=count, readings=readings, events=events)
    if given != count:
        raise Trouble("E-UNSETTLED-02", gateway=name, count=count, said=given)
    return count


def _prepare(job: Job, there: Authority, wish: bundles.Wish) -> None:
    """Always a new one: the one before has served."""
    with book.opened(there.folder / book.FILE, write=True) as kept:
        plan = bundles.plan(there, wish, kept.entries(), {}, now=job.now())
        wish.folder.mkdir(parents=True, exist_ok=True)
        for bundle in plan.new:
            kept.add_prepared(bundles.write(there, wish, bundle), who=job.who)


def _delegations(there: Authority, name: str, *, now: datetime) -> list[str]:
    """Those that named it: what they would make is on the lists already."""
    with record.opened(there.record_file, write=False) as kept:
        return [one.name for one in kept.delegations(now) if name in one.gateways]


def _retire(job: Job, there: Authority, ids: Sequence[str], why: str) -> None:
    because = Because(who=job.who, why=why, at=job.now())
    with book.opened(there.folder / book.FILE, write=True) as kept:
        for one in ids:
            change = changing.retired(kept.entries(), one)
            changing.apply(kept, [change] if change else [], because)
