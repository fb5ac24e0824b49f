"""What of a search the settings have already, and where in them the rest belongs."""

import ipaddress
from pathlib import Path

from contract.discovery import (
    FoundDevice,
    FoundHost,
    FoundSensor,
    LineReport,
    LorawanReport,
    NetworkReport,
)
from contract.serial_devices import SPEAKING
from contract.settings import AgentSettings, SerialLine

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def line_at(port: str, settings: AgentSettings) -> int | None:
    """The serial line on `port`, whatever its path is called; None if there is none."""
    wanted = Path(port).resolve()
    lines = enumerate(settings.serial)
    return next((at for at, line in lines if Path(line.port).resolve() == wanted), None)


def network_line(network: Network, settings: AgentSettings) -> int | None:
    """The line that has a host in `network` already."""
    for at, line in enumerate(settings.network):
        if any(_is_in(getattr(device, "host", ""), network) for device in line.device):
            return at
    return None


def name_devices(report: LineReport, settings: AgentSettings) -> LineReport:
    """With the asset of each device that the settings have."""
    at = line_at(report.port, settings)
    if at is None:
        return report
    line = settings.serial[at]
    found = [one.model_copy(update={"asset": _on_line(one, line)}) for one in report.found]
    return report.model_copy(update={"found": found})


def name_hosts(report: NetworkReport, settings: AgentSettings) -> NetworkReport:
    """With the asset of each host that the settings have."""
    found = [one.model_copy(update={"asset": _of_host(one, settings)}) for one in report.found]
    return report.model_copy(update={"found": found})


def name_sensors(report: LorawanReport, settings: AgentSettings) -> LorawanReport:
    """With the asset of each sensor that the settings have."""
    found = [one.model_copy(update={"asset": _sensor(one, settings)}) for one in report.found]
    return report.model_copy(update={"found": found})


def _on_line(found: FoundDevice, line: SerialLine) -> str:
    for device in line.device:
        if isinstance(device, SPEAKING):
            same = found.address is None
        else:
            same = (device.address, getattr(device, "base", 0)) == (found.address, found.base)
        if same:
            return device.asset
    return ""


def _of_host(found: FoundHost, settings: AgentSettings) -> str:
    for line in settings.network:
        for device in line.device:
            host = getattr(device, "host", "")  # a hotspot has none
            if host == found.host and found.kind in (None, device.kind):
                return device.asset
    return ""


def _sensor(found: FoundSensor, settings: AgentSettings) -> str:
    for line in settings.lorawan:
        for device in line.device:
            if device.dev_eui == found.dev_eui:
                return device.asset
    return ""


def _is_in(host: str, network: Network) -> bool:
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False
