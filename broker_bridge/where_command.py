"""`nadi-bridge where`: where the city's data lie, and how much it is; nothing is changed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from broker_bridge.balance import counted
from broker_bridge.config import BridgeSettings
from broker_bridge.errors import BridgeError, told
from broker_bridge.language import _, number, size
from broker_bridge.opening import open_store
from contract.messages import Counts

HIDDEN = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something that outlives the programs."""

    what: str  # store, backups or settings
    where: str
    holds: str = ""


def say_where(settings: BridgeSettings, settings_file: str, *, as_json: bool) -> None:
    """The store, its backups, and the settings with their keys."""
    places = [
        Place(what="store", where=_store_of(settings), holds=_held(settings)),
        *([Place(what="backups", where=settings.backup.folder)] if settings.backup.folder else []),
        Place(what="settings", where=str(Path(settings_file).absolute().parent)),
    ]
    if as_json:
        print(json.dumps({"schema": 1, "places": [asdict(one) for one in places]}))
        return
    for one in places:
        what = {"store": _("the city's store"), "backups": _("its backups"),
                "settings": _("settings, certificates and keys")}[one.what]  # fmt: skip
        print(f"{one.where}: {what}" + (f", {one.holds}" if one.holds else ""))


def _store_of(settings: BridgeSettings) -> str:
    """Without a password."""
    store = settings.store
    if store.kind == "sqlite":
        return str(Path(store.path).absolute())
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415

    said = {name: value for name, value in conninfo_to_dict(store.conninfo).items() if value}
    shown = {name: HIDDEN if "password" in name else str(value) for name, value in said.items()}
    return f"PostgreSQL {make_conninfo(**shown)}"


def _held(settings: BridgeSettings) -> str:
    try:
        store = open_store(settings.store, as_it_is=True)
    except BridgeError as error:
        return _("which cannot be looked at now: {why}").format(why=told(error)[0])
    try:
        balances = store.balance()
        committed = sum((one.committed for one in balances), Counts())
        return _("with {counts} of {gateways} gateways, {size}").format(
            counts=counted(committed), gateways=number(len(balances)),
            size=size(store.standing().bytes),
        )  # fmt: skip
    except BridgeError as error:
        return _("which cannot be looked at now: {why}").format(why=told(error)[0])
    finally:
        store.close()
