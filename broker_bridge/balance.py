"""The balance of every gateway, as the store computes it, for people and for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta

from broker_bridge.config import StoreSettings
from broker_bridge.errors import StoreGone
from broker_bridge.opening import CityStore, opened_store
from broker_bridge.store import Balance, Hole
from broker_bridge.stores.moments import rfc3339
from contract.messages import Counts

COLUMNS = ("sealed", "committed", "held", "rejected", "lost")
MAX_SHOWN = 50
DAY_MS = 86_400_000

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
    if gateway and not balances:
        raise StoreGone(
            f"{gateway}: no such gateway was ever heard", hint="see the list without it"
        )
    if day:
        balances = [_within(one, day) for one in balances]
    if as_json:
        objects = [_as_object(one, of_day) for one in balances]
        print(json.dumps({"schema": 1, "day": day and day.isoformat(), "gateways": objects}))
    elif of_day is None:
        _print_table(balances)
    else:
        _print_day(balances, of_day)
    return not any(any(one.unexplained) for one in balances)


def committed_of_day(store: CityStore, kind: str, day: date) -> Mapping[str, Counts]:
    """What is committed of that day, by gateway; days are of UTC."""
    first, next_day = f"{day.isoformat()}T00:00:00.000Z", f"{day + timedelta(days=1)}T00:00:00.000Z"
    within = f"observed_at >= '{first}' AND observed_at < '{next_day}'"
    start_ms = _start_ms(day)
    event_within = within
    if kind == "sqlite":
        event_within = f"e.observed_ms >= {start_ms} AND e.observed_ms < {start_ms + DAY_MS}"
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
    start_ms = _start_ms(day)

    def touches(hole: Hole) -> bool:
        if hole.from_ms is None or hole.to_ms is None:
            return True
        return hole.from_ms < start_ms + DAY_MS and hole.to_ms >= start_ms

    return replace(balance, holes=tuple(filter(touches, balance.holes)))


def _start_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000


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
        print("no gateway has been heard yet")
        return
    print(_line("gateway", "", *COLUMNS, "unexplained"))
    for balance in balances:
        readings, events = balance.unexplained
        counts = [getattr(balance, name) for name in COLUMNS]
        print(_line(balance.gateway, "readings", *(c.readings for c in counts), readings))
        print(_line("", "events", *(c.events for c in counts), events))
        if any(balance.unexplained):
            print(f"✗ {balance.gateway}: what is unexplained was sealed, and nobody knows where")
        _print_notes(balance)


def _print_day(balances: Sequence[Balance], of_day: Mapping[str, Counts]) -> None:
    """A range of numbers may reach over midnight: the gateway counts it as one."""
    for balance in balances:
        counts = of_day.get(balance.gateway, Counts())
        said = f"{counts.readings} readings and {counts.events} events of the day are committed"
        print(f"{balance.gateway}: {said}")
        _print_notes(balance)


def _print_notes(balance: Balance) -> None:
    as_of = "nothing stated yet" if balance.stated_ms is None else rfc3339(balance.stated_ms)
    print(f"  as of     {as_of}")
    if balance.undated:
        print(f"  undated   {balance.undated} committed readings have no day yet")
    if balance.cards > 1:
        print(
            f"  cards     {balance.cards} have spoken for it; earlier ones hold what they last said"
        )
    for hole in balance.holes[:MAX_SHOWN]:
        print(f"  {hole.state:9} {_in_words(hole)}")
    if len(balance.holes) > MAX_SHOWN:
        print(f"  … and {len(balance.holes) - MAX_SHOWN} more; --json shows all")


def _in_words(hole: Hole) -> str:
    when = "of no known time"
    if hole.from_ms is not None and hole.to_ms is not None:
        when = f"{rfc3339(hole.from_ms)} to {rfc3339(hole.to_ms)}"
    what = f"{hole.readings} readings and {hole.events} events"
    reason = f": {hole.reason}" if hole.reason else ""
    return f"{hole.epoch} {hole.first} to {hole.last}, {what}, {when}{reason}"


def _line(gateway: str, what: str, *cells: object) -> str:
    return f"{gateway:16} {what:8} " + " ".join(f"{cell!s:>11}" for cell in cells)
