"""The balance of every gateway, as the store computes it, for people and for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from broker_bridge.config import StoreSettings
from broker_bridge.opening import opened_store
from broker_bridge.store import Balance

COLUMNS = ("sealed", "committed", "held", "rejected", "lost")


def print_balance(settings: StoreSettings, *, as_json: bool) -> bool:
    """Whether nothing is unexplained; raises StoreGone or StoreNewer."""
    with opened_store(settings) as store:
        balances = store.balance()
    if as_json:
        print(json.dumps({"schema": 1, "gateways": [_as_object(one) for one in balances]}))
    else:
        _print_table(balances)
    return not any(any(one.unexplained) for one in balances)


def _as_object(balance: Balance) -> dict[str, object]:
    counts = {name: getattr(balance, name).model_dump() for name in COLUMNS}
    readings, events = balance.unexplained
    said = {name: value for name, value in asdict(balance).items() if name not in COLUMNS}
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
        if balance.undated:
            print(f"  {balance.gateway}: {balance.undated} committed readings have no date yet")


def _line(gateway: str, what: str, *cells: object) -> str:
    return f"{gateway:16} {what:8} " + " ".join(f"{cell!s:>11}" for cell in cells)
