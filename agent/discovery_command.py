"""`nadi-agent discover`: looks, shows how far it is, and prints the settings to paste."""

import argparse
import asyncio
import re
import sys

from agent.clock import KernelClock
from agent.discovery import Search, search_line
from agent.serial_port import SerialPort
from contract.discovery import FoundDevice, LineReport
from contract.errors import SettingsError

BAR = 24
MAPS = "/etc/nadi/modbus"


def discover(options: argparse.Namespace) -> int:
    """Exit code: 0 something answered, 1 nothing did; raises SettingsError or LineGone."""
    addresses = _addresses(options.addresses)
    bauds = tuple(dict.fromkeys(options.baud or Search().bauds))
    if not 20 <= options.timeout_ms <= 5_000:
        raise SettingsError("--timeout-ms is out of range", hint="give 20 to 5000")
    search = Search(bauds=bauds, addresses=addresses, timeout_ms=options.timeout_ms)
    found = asyncio.run(
        search_line(
            lambda baud: SerialPort(options.line, baud=baud),
            search,
            clock=KernelClock(trusted=False),
            progress=_bar if sys.stderr.isatty() else _quiet,
        )
    )
    report = LineReport(
        port=options.line,
        bauds=list(bauds),
        first_address=addresses[0],
        last_address=addresses[-1],
        found=found,
    )
    print(report.model_dump_json() if options.json else in_words(report))
    return 0 if found else 1


def in_words(report: LineReport) -> str:
    """A line for each device, then the settings to paste."""
    if not report.found:
        bauds = ", ".join(str(baud) for baud in report.bauds)
        return (
            f"✗ nothing answers on {report.port} at {bauds} baud, addresses"
            f" {report.first_address} to {report.last_address}\n"
            "  → check power, A and B (swap them), the adapter; then try --baud and --addresses"
        )
    known = [device for device in report.found if device.driver]
    lines = [_line(device) for device in report.found]
    return "\n".join([*lines, *(["", to_paste(report.port, known)] if known else [])])


def to_paste(port: str, found: list[FoundDevice]) -> str:
    """The settings of one line with these devices; only the inventory numbers are missing."""
    head = ["[[serial]]", 'name = "line-1"', f'port = "{port}"', f"baud = {found[0].baud}"]
    return "\n".join([*head, *(line for device in found for line in _settings(device))])


def _line(device: FoundDevice) -> str:
    where = f"address {device.address}" if device.address else "alone on its line"
    return f"{'✓' if device.driver else '?'} {device.baud} baud, {where}: {device.what}"


def _settings(device: FoundDevice) -> list[str]:
    lines = ["", "[[serial.device]]", f'driver = "{device.driver}"']
    if device.map:
        lines += [f'kind = "{device.kind}"', f'map = "{MAPS}/{device.map}"']
    if device.address:
        lines.append(f"address = {device.address}")
    return [*lines, 'asset = ""  # the city\'s inventory number']


def _addresses(text: str) -> range:
    match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 247:
        raise SettingsError(
            f"--addresses {text} is no range of addresses", hint="write it as 1-32, at most 1-247"
        )
    return range(first, last + 1)


def _bar(done: int, of: int, words: str) -> None:
    filled = BAR * done // of
    end = "\n" if done == of else ""
    print(f"\r[{'█' * filled:·<{BAR}}] {words:44}", end=end, file=sys.stderr, flush=True)


def _quiet(_done: int, _of: int, _words: str) -> None:
    """Without a terminal nobody watches."""
