"""The balance of every gateway, as the store computes it, for people and for machines."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date

from broker_bridge.config import StoreSettings
from broker_bridge.errors import StoreGone
from broker_bridge.language import _, bounds_ms, mark, moment, number, plural, zone
from broker_bridge.language import day as day_in_words
from broker_bridge.opening import CityStore, opened_store
from broker_bridge.store import Balance, Hole
from broker_bridge.stores.moments import rfc3339
from contract.messages import Counts

COLUMNS = ("sealed", "committed", "held", "rejected", "lost")
HEADINGS = (
    mark("sealed"), mark("committed"), mark("held"), mark("rejected"), mark("lost"),
    mark("unexplained"),
)  # fmt: skip
STATES = {
    "lost": mark("lost"), "rejected": mark("rejected"), "unexplained": mark("unexplained")
}  # fmt: skip
MAX_SHOWN = 50

_READINGS = "SELECT gateway, count(*) FROM readings WHERE {within} GROUP BY gateway"
_EVENTS = """
SELECT g.name, count(*) FROM event e JOIN gateway g ON g.id = e.gateway_id
WHERE {within} GROUP BY g.name
"""


def print_balance(
    settings: StoreSettings, *, gateway: str | None, day: date | None, as_json: bool
) -> bool:
    """Whether nothing is unexplained; raises StoreGone or StoreNewer."""
    with opened_store(settings) as store:
        balances = [one for one in store.balance() if gateway in (None, one.gateway)]
        of_day = committed_of_day(store, settings.kind, day) if day else None
        raw_from_ms = store.kept().raw_from_ms
    if gateway and not balances:
        raise StoreGone(
            mark("{gateway}: no such gateway was ever heard"),
            hint=mark("see the list without it"),
            gateway=gateway,
        )
    if day:
        balances = [_within(one, day) for one in balances]
    if as_json:
        objects = [_as_object(one, of_day) for one in balances]
        of = {
            "day": day and day.isoformat(), "time_zone": zone().key,
            "raw_from": rfc3339(raw_from_ms),
        }  # fmt: skip
        print(json.dumps({"schema": 1, **of, "gateways": objects}))
    elif day is None or of_day is None:
        _print_table(balances)
    else:
        if bounds_ms(day)[0] < raw_from_ms:
            gone = _("raw readings are kept from {moment} on: those of the day are gone")
            print(gone.format(moment=moment(raw_from_ms)))
        _print_day(balances, day, of_day)
    return not any(any(one.unexplained) for one in balances)


def committed_of_day(store: CityStore, kind: str, day: date) -> Mapping[str, Counts]:
    """What is committed of that day of the city, by gateway."""
    first_ms, next_ms = bounds_ms(day)
    within = f"observed_at >= '{rfc3339(first_ms)}' AND observed_at < '{rfc3339(next_ms)}'"
    event_within = within
    if kind == "sqlite":
        event_within = f"e.observed_ms >= {first_ms} AND e.observed_ms < {next_ms}"
    readings = _counted(store, _READINGS.format(within=within))
    events = _counted(store, _EVENTS.format(within=event_within))
    return {
        name: Counts(readings=readings.get(name, 0), events=events.get(name, 0))
        for name in {*readings, *events}
    }


def _counted(store: CityStore, question: str) -> dict[str, int]:
    return {str(name): int(str(count)) for name, count in store.query(question).rows}


def _within(balance: Balance, day: date) -> Balance:
    """With the holes that touch the day, and those of no known time."""
    first_ms, next_ms = bounds_ms(day)

    def touches(hole: Hole) -> bool:
        if hole.from_ms is None or hole.to_ms is None:
            return True
        return hole.from_ms < next_ms and hole.to_ms >= first_ms

    return replace(balance, holes=tuple(filter(touches, balance.holes)))


def _as_object(balance: Balance, of_day: Mapping[str, Counts] | None) -> dict[str, object]:
    counts = {name: getattr(balance, name).model_dump() for name in COLUMNS}
    readings, events = balance.unexplained
    said = {name: value for name, value in asdict(balance).items() if name not in COLUMNS}
    said["holes"] = [asdict(hole) for hole in balance.holes]
    if of_day is not None:
        said["committed_of_day"] = of_day.get(balance.gateway, Counts()).model_dump()
    return {**said, **counts, "unexplained": {"readings": readings, "events": events}}


def _print_table(balances: Sequence[Balance]) -> None:
    if not balances:
        print(_("no gateway has been heard yet"))
        return
    print(_line(_("gateway"), "", map(_, HEADINGS)))
    for balance in balances:
        readings, events = balance.unexplained
        counts = [getattr(balance, name) for name in COLUMNS]
        of_readings = [*(c.readings for c in counts), readings]
        print(_line(balance.gateway, _("readings"), map(number, of_readings)))
        print(_line("", _("events"), map(number, [*(c.events for c in counts), events])))
        if any(balance.unexplained):
            unexplained = _("✗ {gateway}: what is unexplained was sealed, and nobody knows where")
            print(unexplained.format(gateway=balance.gateway))
        _print_notes(balance)


def _print_day(balances: Sequence[Balance], day: date, of_day: Mapping[str, Counts]) -> None:
    """A range of numbers may reach over midnight: the gateway counts it as one."""
    for balance in balances:
        counts = of_day.get(balance.gateway, Counts())
        said = _("{gateway}: {what} of {day} are committed")
        print(said.format(gateway=balance.gateway, what=counted(counts), day=day_in_words(day)))
        _print_notes(balance)


def _print_notes(balance: Balance) -> None:
    stated = balance.stated_ms
    as_of = _("nothing stated yet") if stated is None else moment(stated)
    print(_note(_("as of"), as_of))
    if balance.undated:
        undated = _("{count} committed readings have no day yet")
        print(_note(_("undated"), undated.format(count=number(balance.undated))))
    if balance.cards > 1:
        cards = _("{count} have spoken for it; earlier ones hold what they last said")
        print(_note(_("cards"), cards.format(count=balance.cards)))
    for hole in balance.holes[:MAX_SHOWN]:
        print(_note(_(STATES[hole.state]), hole_in_words(hole)))
    if len(balance.holes) > MAX_SHOWN:
        more = number(len(balance.holes) - MAX_SHOWN)
        print("  " + _("… and {count} more; --json shows all").format(count=more))


def hole_in_words(hole: Hole) -> str:
    """Its range, what was in it, its time and the reason."""
    when = _("of no known time")
    if hole.from_ms is not None and hole.to_ms is not None:
        when = _("{begin} to {end}").format(begin=moment(hole.from_ms), end=moment(hole.to_ms))
    what = counted(Counts(readings=hole.readings, events=hole.events))
    said = _("{epoch} {first} to {last}, {what}, {when}").format(
        epoch=hole.epoch, first=hole.first, last=hole.last, what=what, when=when
    )
    return f"{said}: {hole.reason}" if hole.reason else said


def counted(counts: Counts) -> str:
    """12 readings and 1 event."""
    readings = plural("{count} reading", "{count} readings", counts.readings)
    events = plural("{count} event", "{count} events", counts.events)
    return _("{readings} and {events}").format(
        readings=readings.format(count=number(counts.readings)),
        events=events.format(count=number(counts.events)),
    )


def _note(name: str, said: str) -> str:
    return f"  {name:9} {said}"


def _line(gateway: str, what: str, cells: Iterable[str]) -> str:
    return f"{gateway:16} {what:9} " + " ".join(f"{cell:>13}" for cell in cells)
