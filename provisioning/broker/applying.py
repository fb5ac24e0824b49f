"""A change comes into force on the broker: checked, written whole, read again without a stop."""

import os
import signal
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cryptography import x509
from pydantic import Field

from contract.document import Section
from provisioning import revocation_list
from provisioning.broker.folder import ACL, CRL, STORE, broker_file
from provisioning.errors import Trouble
from provisioning.files import same, write
from provisioning.language import mark

COMMAND_TIMEOUT_S = 30.0
MAX_BYTES = 16 << 20
Text = Annotated[str, Field(max_length=MAX_BYTES)]


class Change(Section):
    """What the authority sends: revocation lists and access list, both whole."""

    crl: Text
    acl: Text


class Reach(Section):
    """How a change gets from the authority to the broker; the default is the same machine."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    folder: str
    command: list[str] = []  # takes the change on its standard input, there
    reload: list[str] = []  # instead of a SIGHUP to the process of this folder


def send(change: Change, reach: Reach, *, now: datetime) -> None:
    """Applies it here, or hands it to the command that applies it there; raises Trouble."""
    if not reach.command:
        apply(change, Path(reach.folder), reload=reach.reload, now=now)
        return
    _run(reach.command, given=change.model_dump_json())


def apply(change: Change, folder: Path, *, reload: Sequence[str], now: datetime) -> None:
    """Writes what has changed and has the broker read it; never an older list than it has."""
    check(change, folder, now)
    for name, text in ((CRL, change.crl), (ACL, change.acl)):
        file = broker_file(folder, name, text.encode())
        if not same(file):
            write(file)
    if reload:
        _run(reload)
    else:
        _hang_up(folder)


def current(folder: Path) -> Change:
    """What the broker's folder holds now."""
    return Change(crl=(folder / CRL).read_text(), acl=(folder / ACL).read_text())


def check(change: Change, folder: Path, now: datetime) -> None:
    """A list that is broken, foreign or run out would lock out the whole fleet."""
    try:
        newest = x509.load_pem_x509_crl(change.crl.encode())
        number = revocation_list.number_of(change.crl.encode())
    except ValueError:
        raise Trouble("E-BROKER-01", why=mark("it holds no revocation list.")) from None
    issuing = x509.load_pem_x509_certificates((folder / "broker.pem").read_bytes())[1]
    if not newest.is_signature_valid(issuing.public_key()):  # type: ignore[arg-type]  # EC, as made
        raise Trouble("E-BROKER-01", why=mark("another authority signed the list."))
    if newest.next_update_utc is None or newest.next_update_utc <= now:
        raise Trouble("E-BROKER-01", why=mark("the list has run out."))
    there = revocation_list.number_of((folder / CRL).read_bytes())
    if number < there:
        raise Trouble("E-BROKER-02", there=there, number=number)


def _hang_up(folder: Path) -> None:
    """SIGHUP to the broker of this folder, if it runs; the file's owner could name any process."""
    try:
        pid = int((folder / STORE / "mosquitto.pid").read_text())
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        raise Trouble("E-BROKER-03", why=mark("it does not run here.")) from None
    if name != "mosquitto":
        raise Trouble("E-BROKER-03", why=mark("it does not run here."))
    os.kill(pid, signal.SIGHUP)


def _run(command: Sequence[str], *, given: str | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            input=given or "",
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble("E-BROKER-03", why=f"{command[0]}: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
        raise Trouble("E-BROKER-03", why=f"{command[0]}: {said[0]}")
