"""A report becomes devices to add, each under the inventory number that a person gives it."""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.discovery.known import line_at, network_line
from agent.discovery.proposal import Entry, Family, NewDevice, Proposal
from agent.language import _
from contract.discovery import (
    Found,
    FoundDevice,
    FoundHost,
    FoundSensor,
    LineReport,
    LorawanReport,
    NetworkReport,
)
from contract.errors import SettingsError
from contract.identity import Kind
from contract.settings import AgentSettings, LorawanSource

MAPS = "/etc/nadi/modbus"
PUBLIC = "public"
RTSP_PORT, SNMP_PORT, ONVIF_PORT = 554, 161, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a person gave to look with; no secret of it is in any representation."""

    user: str = ""
    password: str = field(default="", repr=False)
    community: str = field(default=PUBLIC, repr=False)
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a person calls a device, and what it is; a remark if the name is none yet."""

    asset: str
    kind: Kind
    remark: str = ""


Naming = Callable[[Found, str], Named | None]


def where(found: Found) -> str:
    """What a person says for a device that was found: its address, host or DevEUI."""
    if isinstance(found, FoundHost):
        return found.host
    if isinstance(found, FoundSensor):
        return found.dev_eui
    assert isinstance(found, FoundDevice)
    base = f"+{found.base}" if found.base else ""
    return "alone" if found.address is None else f"{found.address}{base}"


def propose_line(
    report: LineReport, settings: AgentSettings | None, name: Naming
) -> list[Proposal]:
    """The devices of a serial line that the settings lack; raises SettingsError."""
    new = _new(report.found, Path(report.port).name, name, _of_line)
    if not new:
        return []
    index = line_at(report.port, settings) if settings else None
    baud = report.found[0].baud
    if settings and index is not None and settings.serial[index].baud != baud:
        line = settings.serial[index]
        raise SettingsError(
            _("line {name} has {baud} baud in the settings, what answers has {other}").format(
                name=line.name, baud=line.baud, other=baud
            ),
            hint=_("set baud = {baud} there, then write again").format(baud=baud),
        )
    own = _entries(name=_free(f"line-{Path(report.port).name}", settings), port=report.port)
    return [_proposal("serial", index, (*own, Entry(key="baud", value=baud)), new)]


def propose_network(
    report: NetworkReport, settings: AgentSettings | None, name: Naming, account: Account
) -> list[Proposal]:
    """The hosts that the settings lack, with the account only where it was accepted."""
    new = _new(report.found, "", name, lambda found: _of_network(found, account))
    if not new:
        return []
    network = ipaddress.ip_network(report.network)
    index = network_line(network, settings) if settings else None
    own = _entries(name=_free(f"net-{report.network}", settings))
    return [_proposal("network", index, own, new)]


def propose_lorawan(
    report: LorawanReport, source: LorawanSource, settings: AgentSettings | None, name: Naming
) -> list[Proposal]:
    """The sensors of one ChirpStack application that no setting names."""
    here = [found for found in report.found if found.line == source.name]
    new = _new(here, "", name, _of_lorawan)
    if not new:
        return []
    names = [line.name for line in settings.lorawan] if settings else []
    index = names.index(source.name) if source.name in names else None
    own = _entries(
        name=source.name, application=source.application, host=source.host, port=source.port
    )
    if source.user:
        own += (
            *_entries(user=source.user),
            Entry(key="password", value=source.password, secret=True),
        )
    return [_proposal("lorawan", index, own, new)]


def _proposal(
    family: Family, index: int | None, line: tuple[Entry, ...], devices: tuple[NewDevice, ...]
) -> Proposal:
    return Proposal(family=family, index=index, line=line, devices=devices)


def _new(
    found: Sequence[Found],
    prefix: str,
    name: Naming,
    entries: Callable[[Found], tuple[Entry, ...]],
) -> tuple[NewDevice, ...]:
    """Those with a driver and without an asset, as far as a person names them."""
    devices = []
    for one in found:
        if not one.driver or one.asset or (named := name(one, prefix)) is None:
            continue
        head = (
            *_entries(driver=one.driver),
            Entry(key="asset", value=named.asset, remark=named.remark),
            *_entries(kind=named.kind.value),
        )
        devices.append(NewDevice(what=one.what, entries=(*head, *entries(one))))
    return tuple(devices)


def _of_line(found: Found) -> tuple[Entry, ...]:
    assert isinstance(found, FoundDevice)
    entries = _entries(map=f"{MAPS}/{found.map}") if found.map else ()
    if found.address is not None:
        entries += _entries(address=found.address)
    return entries + (_entries(base=found.base) if found.base else ())


def _of_network(found: Found, account: Account) -> tuple[Entry, ...]:
    assert isinstance(found, FoundHost)
    if found.kind is Kind.CAMERA:
        return _of_camera(found, account)
    entries = _entries(host=found.host)
    if found.port not in (None, SNMP_PORT):
        entries += _entries(port=found.port)
    if account.community != PUBLIC:
        entries += (Entry(key="community", value=account.community, secret=True),)
    return entries + (_entries(profile=found.profile) if found.profile else ())


def _of_camera(found: FoundHost, account: Account) -> tuple[Entry, ...]:
    entries = _entries(host=found.host)
    if found.port not in (None, RTSP_PORT):
        entries += _entries(port=found.port)
    remark = "the stream's path, from the camera's manual" if account.path == "/" else ""
    entries += (Entry(key="path", value=account.path, remark=remark),)
    if found.login == "accepted":
        entries += _entries(user=account.user)
        entries += (Entry(key="password", value=account.password, secret=True),)
    if found.onvif_port is not None:
        entries += (Entry(key="onvif", value={"port": found.onvif_port}),)
    return entries


def _of_lorawan(found: Found) -> tuple[Entry, ...]:
    assert isinstance(found, FoundSensor)
    return _entries(dev_eui=found.dev_eui)


def _entries(**values: str | int | None) -> tuple[Entry, ...]:
    return tuple(Entry(key=key, value=value) for key, value in values.items() if value is not None)


def _free(name: str, settings: AgentSettings | None) -> str:
    """A line's name that no other line has."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", name)[:28]
    taken = set(settings.line_names()) if settings else set()
    names = (plain, *(f"{plain}-{number}" for number in range(2, 66)))
    return next(one for one in names if one not in taken)
