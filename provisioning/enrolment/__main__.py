"""`nadi-enrolment`: the endpoint beside the bridge where gateways get and renew certificates."""

import argparse
import asyncio
import errno
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
from contract.errors import NadiError
from contract.reasons import of_system
from provisioning import language
from provisioning.authority import folder as places
from provisioning.authority.folder import Authority
from provisioning.enrolment.server import Limits, Server
from provisioning.errors import Trouble
from provisioning.language import mark
from provisioning.names import checked_host
from provisioning.outcome import Exit

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
    language.use(language.chosen(None, environ))
    try:
        asyncio.run(_run(_settings(options.settings), environ, file=options.settings))
    except (NadiError, OSError) as error:
        trouble = _trouble(error, options.settings)
        label, lines = language._("Error:"), trouble.lines()
        _say("\n".join((f"{label} {lines[0]}", *lines[1:], trouble.known.code)))
        return 2 if trouble.known.exit is Exit.USAGE else 1
    return 0


def _trouble(error: NadiError | OSError, file: Path) -> Trouble:
    if isinstance(error, Trouble):
        return error
    hint = getattr(error, "hint", "") or mark("see what it names, and the settings")
    if isinstance(error, NadiError):
        return Trouble("E-SETTING-01", what=str(error), hint=hint)
    return Trouble("E-FILE-03", path=str(error.filename or file), why=of_system(error))


def _settings(path: Path) -> EnrolmentSettings:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Trouble("E-PORT-03", file=str(path)) from None
    except UnicodeDecodeError:
        raise Trouble("E-FILE-03", path=str(path), why=mark("it is no text in UTF-8.")) from None
    return load_document(EnrolmentSettings, text, name=str(path))


def _authority(settings: EnrolmentSettings, environ: Mapping[str, str]) -> Authority:
    """Its issuing key is the copy in memory that systemd handed over, where it did."""
    handed = environ.get("CREDENTIALS_DIRECTORY")
    key_file = Path(handed) / KEY if handed else None
    return places.load(Path(settings.authority), key_file=key_file)


async def _run(settings: EnrolmentSettings, environ: Mapping[str, str], *, file: Path) -> None:
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
    try:
        port = await server.start(settings.address, settings.port)
    except OSError as error:
        raise _deaf(error, settings, file) from None
    _say(f"ready address={settings.address} port={port}")
    _notify("READY=1", environ)
    every_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6 / 2 or None
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), every_s)
        except TimeoutError:
            _notify("WATCHDOG=1", environ)
    await server.close()


def _deaf(error: OSError, settings: EnrolmentSettings, file: Path) -> Trouble:
    """Why nobody can reach it."""
    place: dict[str, str | int | Trouble] = {"address": settings.address, "port": settings.port}
    if error.errno == errno.EADDRINUSE:
        return Trouble("E-PORT-01", **place, file=str(file))
    return Trouble("E-PORT-02", **place, file=str(file), why=of_system(error))


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
