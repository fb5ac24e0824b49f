"""Looks at what a gateway needs before it runs: a line each, with a sign, a word and what to do."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from agent.drivers.register_map import load_map
from agent.errors import LineGone
from agent.language import _
from agent.network_checks import check_network_devices
from contract.check_report import CheckReport, Finding
from contract.errors import SettingsError
from contract.network_devices import RtspCamera
from contract.reasons import of_system
from contract.settings import AgentSettings
from contract.tls import client_context

CONNECT_S = 3.0


def check(settings: AgentSettings) -> list[Finding]:
    """Local things first, the network last with a short timeout."""
    return [
        Finding(id="settings", ok=True, found=_("gateway {name}").format(name=settings.gateway.id)),
        _check_card(Path(settings.gateway.data_dir)),
        *_check_ports(settings),
        *_check_maps(settings),
        *_check_pins(settings),
        *_check_pictures(settings),
        *_check_stacks(settings),
        *_check_sun(settings),
        *check_network_devices(settings),
        _check_certificates(settings),
        _check_broker(settings),
    ]


def _check_card(folder: Path) -> Finding:
    there = folder if folder.exists() else folder.parent
    if not os.access(there, os.W_OK):
        return Finding(
            id="card", ok=False, found=_("{folder} cannot be written").format(folder=there),
            next_action=_("check that the card is not read-only, and who owns the folder"),
        )  # fmt: skip
    figures = os.statvfs(there)
    free_mb = figures.f_bavail * figures.f_frsize >> 20
    room = _("{free_mb} MB free on {folder}")
    return Finding(
        id="card", ok=free_mb >= 16, found=room.format(free_mb=free_mb, folder=folder),
        next_action="" if free_mb >= 16 else _("free some space on the card"),
    )  # fmt: skip


def _check_ports(settings: AgentSettings) -> Iterator[Finding]:
    for line in settings.serial:
        exists = Path(line.port).exists()
        usable = exists and os.access(line.port, os.R_OK | os.W_OK)
        state = (
            _("{port} is there") if usable
            else _("{port} may not be opened by this user") if exists
            else _("{port} is missing")
        )  # fmt: skip
        yield Finding(
            id=f"line {line.name}", ok=usable,
            found=state.format(port=line.port),
            next_action="" if usable
            else _("plug in the adapter") if not exists
            else _("add the user to the group dialout"),
        )  # fmt: skip


def _check_maps(settings: AgentSettings) -> Iterator[Finding]:
    wired = [device for line in settings.serial for device in line.device]
    reached = [device for line in settings.network for device in line.device]
    devices = [*wired, *reached]
    for path in sorted({one.map for one in devices if one.driver == "modbus_map"}):
        try:
            found = load_map(Path(path)).name
        except SettingsError as error:
            yield Finding(id="register map", ok=False, found=str(error), next_action=error.hint)
        else:
            yield Finding(
                id="register map",
                ok=True,
                found=f"{path}: {found}",
            )


def _check_pins(settings: AgentSettings) -> Iterator[Finding]:
    for line in settings.pins:
        from agent.drivers.pin_bank import load_factory  # noqa: PLC0415 few gateways have pins

        try:
            load_factory(line).close()
        except LineGone as error:
            yield Finding(
                id=f"line {line.name}", ok=False, found=str(error), next_action=error.hint
            )
        else:
            simulated = _("the pins answer {factory}; they are SIMULATED by {simulator}")
            real = _("the pins answer {factory}")
            answer = (simulated if line.simulator else real).format(
                factory=line.factory, simulator=line.simulator
            )
            yield Finding(id=f"line {line.name}", ok=True, found=answer)


def _check_pictures(settings: AgentSettings) -> Iterator[Finding]:
    cameras = [one for one in settings.devices() if isinstance(one, RtspCamera)]
    if not any(one.picture for one in cameras):
        return
    from agent.drivers.picture import INSTALL, MISSING, decoder_is_here  # noqa: PLC0415 few have pictures

    if decoder_is_here():
        yield Finding(id="pictures", ok=True, found=_("Pillow is there to judge them"))
    else:
        yield Finding(id="pictures", ok=False, found=_(MISSING), next_action=_(INSTALL))


def _check_stacks(settings: AgentSettings) -> Iterator[Finding]:
    for line in settings.lorawan:
        where = _("ChirpStack's broker {host}:{port}").format(host=line.host, port=line.port)
        try:
            socket.create_connection((line.host, line.port), timeout=CONNECT_S).close()
        except OSError as error:
            yield Finding(
                id=f"line {line.name}", ok=False, found=f"{where}: {of_system(error)}",
                next_action=_("see that mosquitto and chirpstack run on it"),
            )  # fmt: skip
        else:
            yield Finding(
                id=f"line {line.name}", ok=True, found=_("{where} answers").format(where=where)
            )


def _check_sun(settings: AgentSettings) -> Iterator[Finding]:
    judged = [device for device in settings.devices() if device.lamp or device.feeder]
    if judged and settings.site is None:
        yield Finding(
            id="site", ok=False, found=_("lamps are judged, and where the sun stands is not known"),
            next_action=_("add [site] with latitude and longitude"),
        )  # fmt: skip


def _check_certificates(settings: AgentSettings) -> Finding:
    try:
        client_context(settings.broker)
    except SettingsError as error:
        return Finding(id="certificate", ok=False, found=str(error), next_action=error.hint)
    return Finding(id="certificate", ok=True, found=settings.broker.cert_file)


def _check_broker(settings: AgentSettings) -> Finding:
    address = (settings.broker.host, settings.broker.port)
    try:
        with (
            socket.create_connection(address, timeout=CONNECT_S) as plain,
            client_context(settings.broker).wrap_socket(plain, server_hostname=address[0]),
        ):
            return Finding(
                id="broker",
                ok=True,
                found=_("{where} answers").format(where=f"{address[0]}:{address[1]}"),
            )
    except (OSError, SettingsError) as error:
        return Finding(
            id="broker", ok=False, found=f"{address[0]}:{address[1]}: {of_system(error)}",
            next_action=_("the gateway works without it and keeps everything; check the fibre"),
        )  # fmt: skip


def show(findings: list[Finding], *, as_json: bool) -> None:
    """Print the findings for a person, or as one JSON object."""
    if as_json:
        print(CheckReport(findings=findings).model_dump_json(by_alias=True))
        return
    for finding in findings:
        print(f"{'✓ ok  ' if finding.ok else '✗ fail'} {finding.id}: {finding.found}")
        if finding.next_action:
            print(f"         → {finding.next_action}")
