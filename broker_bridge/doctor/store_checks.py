"""The database: whether it can be used, its schema, its room, and what it says of everyone."""

import os
from pathlib import Path

from broker_bridge.balance import counted, hole_in_words
from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.finding import Seen, bad, doubtful, good, skipped
from broker_bridge.doctor.growth import growth_of
from broker_bridge.errors import StoreGone, told
from broker_bridge.language import _, moment, number, plural, size, span
from broker_bridge.quarantine import printable
from broker_bridge.standing import DAY_MS, BridgeSeen, Standing
from broker_bridge.store import Balance, Hole
from broker_bridge.stores.moments import EARLIEST_MS
from broker_bridge.stores.schema import migrations_of
from contract.messages import Counts

FEW_DAYS, LAST_DAYS = 60, 14
LOW_SHARE, LAST_SHARE = 0.1, 0.03
NEW_HOLE_MS = 7 * DAY_MS
LATE_MS = DAY_MS  # of hours that are made a few minutes after their end
NAMED = 3


def database(centre: Centre) -> Seen:
    """Whether it is there, keeps what it commits, and can be written."""
    wanted = centre.settings.store
    start = _("start the bridge, which makes it: systemctl start nadi-bridge")
    if wanted.kind == "sqlite" and not Path(wanted.path).exists():
        return bad(_("there is no store at {path}").format(path=wanted.path), start)
    try:
        if not centre.store.schema_version():
            return bad(_("no bridge has made its tables yet"), start)
        centre.store.prove_writable()
    except StoreGone as gone:
        return bad(*told(gone))
    return good(_("{kind}, reached and writable").format(kind=wanted.kind))


def schema(centre: Centre) -> Seen:
    """Whether this program and the store are of one age."""
    there = centre.store.schema_version()
    newest = migrations_of(centre.settings.store.kind)[-1].version
    if there > newest:
        return bad(
            _("the store has schema {there}, this program knows {newest} at most").format(
                there=there, newest=newest
            ),
            _("update this program; bridges of this version do not start"),
        )
    if there < newest:
        return doubtful(
            _("the store has schema {there}, this program brings {newest}").format(
                there=there, newest=newest
            ),
            _("restart the bridges, which bring it up to date: systemctl restart nadi-bridge"),
        )
    return good(_("number {number}").format(number=there))


def disk(centre: Centre) -> Seen:
    """What is used, what is free, and for how many days that is enough."""
    standing = centre.standing
    folder = centre.settings.store.folder
    if folder is None:
        return good(
            _("{used} used, {growth}; the database's disk is not seen from here").format(
                used=size(standing.bytes), growth=_growing(standing)
            )
        )
    try:
        seen = os.statvfs(folder)
    except OSError as error:
        return skipped(
            _("{folder} cannot be looked at: {why}").format(folder=folder, why=error.strerror),
            _("run it with sudo, or correct store.data_dir"),
        )
    free, whole = seen.f_bavail * seen.f_frsize, seen.f_blocks * seen.f_frsize
    return _room(standing, free + standing.reusable_bytes, free / max(whole, 1))


def _room(standing: Standing, free: int, share: float) -> Seen:
    growth = growth_of(standing)
    days = None if growth is None or growth <= 0 else free / growth
    said = _("{used} used, {free} free; {growth}").format(
        used=size(standing.bytes), free=size(free), growth=_growing(standing)
    )
    if days is not None:
        said = _("{said}: room for {days} days").format(said=said, days=number(int(days)))
    more = _("make room: keep raw readings for fewer days, or give the store a larger disk")
    if share < LAST_SHARE or (days is not None and days < LAST_DAYS):
        return bad(said, more)
    if share < LOW_SHARE or (days is not None and days < FEW_DAYS):
        return doubtful(said, more)
    return good(said)


def _growing(standing: Standing) -> str:
    growth = growth_of(standing)
    if growth is None:
        return _("its growth is not known yet")
    if growth <= 0:
        return _("it does not grow")
    return _("it grows by {bytes} a day").format(bytes=size(round(growth)))


def retention(centre: Centre) -> Seen:
    """Whether hours are made of readings, so that old readings may go."""
    kept, now_ms = centre.store.kept(), centre.standing.now_ms
    timer = _("systemctl enable --now nadi-retention.timer, or run nadi-bridge retain")
    if kept.raw_days is None:
        if not centre.store.gateways():
            return good(_("no reading yet"))
        return doubtful(_("it never ran: raw readings are kept for ever"), timer)
    if kept.hourly_ms == EARLIEST_MS:
        return good(_("no reading yet"))
    said = _("hours are made until {moment}; raw readings are kept for {days} days").format(
        moment=moment(kept.hourly_ms), days=number(kept.raw_days)
    )
    if now_ms - kept.hourly_ms > LATE_MS:
        return doubtful(said, timer)
    return good(said)


def bridges(centre: Centre) -> Seen:
    """Who is alive, and whether all speak with the broker and are of one version."""
    standing = centre.standing
    alive = standing.alive
    silent = [one for one in standing.bridges if not one.stopped and one not in alive]
    if not alive:
        return bad(
            _("no bridge runs: nothing is committed, and gateways keep everything"),
            _("start one and read why it stopped: systemctl status nadi-bridge"),
        )
    said = "; ".join(_described(one, standing) for one in alive)
    apart = [one for one in alive if not one.connected]
    if len(apart) == len(alive):
        return bad(
            _("{bridges}: no session with the broker").format(bridges=said),
            _("see the line broker, and journalctl -u nadi-bridge"),
        )
    if apart or silent:
        gone = ", ".join(f"{one.name} ({one.host})" for one in (*apart, *silent))
        return doubtful(
            _("{bridges}; not at work: {gone}").format(bridges=said, gone=gone),
            _("look there: systemctl status nadi-bridge; one that is gone for good is forgotten"
              " after 30 days"),
        )  # fmt: skip
    if len({one.program for one in alive}) > 1:
        return doubtful(said, _("finish the upgrade: all bridges of one version"))
    return good(said)


def _described(one: BridgeSeen, standing: Standing) -> str:
    age = span((standing.now_ms - one.began_ms) / 1_000)
    return _("{name} on {host}, {program}, for {span}").format(
        name=one.name, host=one.host, program=one.program, span=age
    )


def gateways(centre: Centre) -> Seen:
    """How many speak, and who does not."""
    states = centre.store.gateway_states(centre.store.gateways())
    silent = [str(one.gateway) for one in states if one.status.state == "offline"]
    speaking = sum(one.status.state == "online" for one in states)
    if not states:
        return good(_("no gateway has been heard yet"))
    said = _("{online} online, {silent} silent, {stopped} stopped").format(
        online=number(speaking),
        silent=number(len(silent)),
        stopped=number(len(states) - speaking - len(silent)),
    )
    if silent and not speaking:
        return bad(said, _("all at once: look at the broker, its network and its certificate"))
    if silent:
        return doubtful(
            _("{said}: {names}").format(said=said, names=_named(silent)),
            _("see since when: nadi status"),
        )
    return good(said)


def balance(centre: Centre) -> Seen:
    """Whether nothing is unexplained, and the oldest hole."""
    balances = centre.store.balance()
    unexplained = [one for one in balances if any(one.unexplained)]
    if unexplained:
        readings, events = map(sum, zip(*(one.unexplained for one in unexplained), strict=True))
        what = counted(Counts(readings=max(readings, 0), events=max(events, 0)))
        return bad(
            _("unexplained: {what} of {names}").format(
                what=what, names=_named([str(one.gateway) for one in unexplained])
            ),
            _("see which: nadi-bridge balance --gateway {name}; keep its card").format(
                name=unexplained[0].gateway
            ),
        )
    holes = [(one, hole) for one in balances for hole in one.holes]
    if not holes:
        return good(_("nothing is lost, rejected or unexplained"))
    return _of_holes(holes, centre)


def _of_holes(holes: list[tuple[Balance, Hole]], centre: Centre) -> Seen:
    gateway, oldest = min(holes, key=lambda pair: _begins(pair[1]))
    count = plural("{count} hole", "{count} holes", len(holes)).format(count=number(len(holes)))
    said = _("{count}, all named; the oldest: {gateway}: {hole}").format(
        count=count, gateway=gateway.gateway, hole=hole_in_words(oldest)
    )
    new = [hole for _gateway, hole in holes if _is_new(hole, centre.standing.now_ms)]
    if new:
        return doubtful(
            _("{said}; {new} of the last 7 days").format(said=said, new=number(len(new))),
            _("see which and why: nadi-bridge balance"),
        )
    return good(said)


def _begins(hole: Hole) -> float:
    return float("inf") if hole.from_ms is None else hole.from_ms


def _is_new(hole: Hole, now_ms: int) -> bool:
    return hole.to_ms is not None and now_ms - hole.to_ms < NEW_HOLE_MS


def quarantine(centre: Centre) -> Seen:
    """What could not be taken and waits for a person."""
    tallies = centre.store.aside_tallies()
    items, gone = sum(one.items for one in tallies), sum(one.dropped for one in tallies)
    if not items:
        return good(_("nothing is in quarantine"))
    newest = centre.store.aside(gateway=None, at_most=1)
    there = plural("{count} message", "{count} messages", items).format(count=number(items))
    said = _("{messages}, {gone} gone for good; the newest: {reason}").format(
        messages=there,
        gone=number(gone),
        reason=printable(newest[0].reason) if newest else "",
    )
    return doubtful(said, _("nadi-bridge quarantine list; then retry or discard"))


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:NAMED])
    if len(names) <= NAMED:
        return shown
    more = _("{names} and {count} more")
    return more.format(names=shown, count=number(len(names) - NAMED))
