"""`nadi-enrolment`: the endpoint beside the bridge where gateways get and renew certificates."""

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field

from contract.document import Section, load_document
from contract.errors import NadiError, SettingsError
from provisioning.authority import folder as places
from provisioning.authority.folder import Authority
from provisioning.enrolment.server import Limits, Server
from provisioning.names import checked_host

DEFAULT = Path("/etc/nadi/enrolment.toml")
KEY = "issuing.key"


class EnrolmentSettings(Section):
    """Which authority, and where it is found."""

    authority: str = "/var/lib/nadi-authority"
    address: str = "0.0.0.0"  # noqa: S104 gateways come from everywhere
    port: Annotated[int, Field(ge=0, le=65_535)] = 8443
    hosts: Annotated[list[str], Field(min_length=1, max_length=16)]  # as bundles name it


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Exit code: 0 stopped, 1 failed, 2 the settings or the command line are wrong."""
    parser = argparse.ArgumentParser(prog="nadi-enrolment", description=__doc__)
    parser.add_argument("what", choices=["run"], help="serve until stopped with SIGTERM")
    parser.add_argument("--settings", type=Path, default=DEFAULT, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_run(_settings(options.settings), environ))
    except (NadiError, OSError) as error:
        hint = getattr(error, "hint", "") or "check /etc/nadi/enrolment.toml"
        _say(f"error: {error}\n hint: {hint}")
        return 2 if isinstance(error, SettingsError) else 1
    return 0


def _settings(path: Path) -> EnrolmentSettings:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read: {error}", hint="configs/enrolment.example.toml is an example"
        ) from None
    return load_document(EnrolmentSettings, text, name=str(path))


def _authority(settings: EnrolmentSettings, environ: Mapping[str, str]) -> Authority:
    """Its issuing key is the copy in memory that systemd handed over, where it did."""
    handed = environ.get("CREDENTIALS_DIRECTORY")
    key_file = Path(handed) / KEY if handed else None
    return places.load(Path(settings.authority), key_file=key_file)


async def _run(settings: EnrolmentSettings, environ: Mapping[str, str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = Server(
        _authority(settings, environ),
        hosts=tuple(map(checked_host, settings.hosts)),
        limits=Limits(),
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        say=_say,
    )
    port = await server.start(settings.address, settings.port)
    _say(f"ready address={settings.address} port={port}")
    _notify("READY=1", environ)
    every_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6 / 2 or None
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), every_s)
        except TimeoutError:
            _notify("WATCHDOG=1", environ)
    await server.close()


def _notify(state: str, environ: Mapping[str, str]) -> None:
    path = environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
        sender.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
