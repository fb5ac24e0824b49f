"""Looks at what devices on the network need of this gateway: addresses, certificates, libraries."""

import importlib.util
import socket
from collections.abc import Iterator

from agent.language import _
from contract.check_report import Finding
from contract.errors import SettingsError
from contract.network_devices import Hotspot, HotspotPoint, RouterosAccessPoint, SnmpAccessPoint
from contract.settings import AgentSettings

WITH_HOTSPOT = (RouterosAccessPoint, SnmpAccessPoint, HotspotPoint)


def check_network_devices(settings: AgentSettings) -> Iterator[Finding]:
    """One for each hotspot's source, each CA of an access point, and what encryption needs."""
    devices = [device for line in settings.network for device in line.device]
    for device in devices:
        hotspot = device.hotspot if isinstance(device, WITH_HOTSPOT) else None
        if hotspot is not None:
            yield _check_source(device.asset, hotspot)
        if isinstance(device, RouterosAccessPoint) and device.ca_file:
            yield _check_ca(device)
    if any(isinstance(device, SnmpAccessPoint) and device.priv_password for device in devices):
        yield _check_cipher()


def _check_source(asset: str, hotspot: Hotspot) -> Finding:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.bind((hotspot.source, 0))
    except OSError:
        return Finding(
            id=f"hotspot {asset}", ok=False,
            found=_("{source} is no address of this gateway").format(source=hotspot.source),
            next_action=_("give the gateway an address on the public Wi-Fi, and set source to it"),
        )  # fmt: skip
    return Finding(
        id=f"hotspot {asset}",
        ok=True,
        found=_("probed from {source}").format(source=hotspot.source),
    )


def _check_ca(device: RouterosAccessPoint) -> Finding:
    from agent.drivers.routeros_access_point import trusting  # noqa: PLC0415 few have one

    try:
        trusting(device.ca_file)
    except SettingsError as error:
        return Finding(
            id=f"ca of {device.asset}", ok=False, found=str(error), next_action=error.hint
        )
    return Finding(id=f"ca of {device.asset}", ok=True, found=device.ca_file)


def _check_cipher() -> Finding:
    found = importlib.util.find_spec("cryptography") is not None
    return Finding(
        id="cryptography", ok=found,
        found=_("is here for priv_password")
        if found
        else _("is missing, and priv_password needs it"),
        next_action="" if found else _("install it, or leave priv_password out"),
    )  # fmt: skip
