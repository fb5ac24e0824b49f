"""Looks at what a bridge needs before it runs: a line each, with a sign, a word and what to do."""

import json
import time
from dataclasses import asdict, dataclass

from broker_bridge.certificates import name_of, shown
from broker_bridge.config import BridgeSettings
from broker_bridge.connection import Connection
from broker_bridge.doctor import machine_checks
from broker_bridge.doctor.finding import State
from broker_bridge.errors import told
from broker_bridge.language import _, number
from broker_bridge.opening import CityStore, opened_store
from contract.errors import NadiError
from contract.tls import client_context
from contract.topics import Topics


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at; `next_action` says what to do if it is not ok."""

    id: str
    ok: bool
    found: str
    next_action: str = ""


def print_check(settings: BridgeSettings, path: str, *, as_json: bool) -> bool:
    """Whether all is well; `path` is the file of the settings."""
    found = _("{path}: city {city}").format(path=path, city=settings.city)
    findings = [
        Finding(id="settings", ok=True, found=found),
        _certificates(settings),
        *_store(settings),
        _broker(settings),
    ]
    if as_json:
        print(json.dumps({"schema": 1, "findings": [asdict(finding) for finding in findings]}))
    else:
        _print_lines(findings)
    return all(finding.ok for finding in findings)


def _print_lines(findings: list[Finding]) -> None:
    for finding in findings:
        sign = _("✓ ok  ") if finding.ok else _("✗ fail")
        print(f"{sign} {finding.id}: {finding.found}")
        if finding.next_action:
            print(f"         → {finding.next_action}")


def _failed(what: str, error: NadiError) -> Finding:
    found, next_action = told(error)
    return Finding(id=what, ok=False, found=found, next_action=next_action)


def _certificates(settings: BridgeSettings) -> Finding:
    try:
        client_context(settings.broker)
    except NadiError as error:
        return _failed("certificate", error)
    return Finding(id="certificate", ok=True, found=settings.broker.cert_file)


def _store(settings: BridgeSettings) -> list[Finding]:
    try:
        with opened_store(settings.store) as store:
            heard = number(len(store.gateways()))
            found = _("{kind}, {count} gateways heard so far").format(
                kind=settings.store.kind, count=heard
            )
            return [Finding(id="store", ok=True, found=found), _registry(store)]
    except NadiError as error:
        return [_failed("store", error)]


def _registry(store: CityStore) -> Finding:
    loaded = store.registry_number()
    found = _("none is loaded yet; everything is stored and marked")
    if loaded:
        found = _("number {number}").format(number=loaded)
    return Finding(id="registry", ok=True, found=found)


def _broker(settings: BridgeSettings) -> Finding:
    """A certificate has one session: beside its bridge at work only the way and TLS are tried."""
    if _at_work(settings):
        seen = machine_checks.ask(settings.broker)
        said = _("{found}; the bridge at work keeps its session").format(found=seen.found)
        ok = seen.state is State.OK
        return Finding(id="broker", ok=ok, found=said, next_action=seen.next_action)
    try:
        connection = Connection(
            settings.broker,
            Topics(settings.city),
            in_flight=1,
            deliver=lambda *_: False,
            monotonic=time.monotonic,
            hears_feed=False,
        )
        connection.open()
        connection.take_batches()
        connection.close()
    except NadiError as error:
        return _failed("broker", error)
    found = _("{host}:{port} lets us in").format(
        host=settings.broker.host, port=settings.broker.port
    )
    return Finding(id="broker", ok=True, found=found)


def _at_work(settings: BridgeSettings) -> bool:
    try:
        name = name_of(shown(settings.broker.cert_file)[0])
        with opened_store(settings.store) as store:
            standing = store.standing()
    except NadiError:
        return False
    return any(one.name == name and one.connected for one in standing.alive)
