"""A gateway that is cut off, the city it belongs to, and a stick on a device of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from broker_bridge.stores.sqlite import SqliteStore
from contract.carried import Signer
from contract.identity import GatewayId
from provisioning.certificates import Role, key_pem, pem
from tests.carrying.town import Authority, Gateway

NAME = GatewayId("bb-0042")
BRIDGE = """
city = "baubau"
[broker]
ca_file = "{top}/ca.pem"
cert_file = "{top}/bridge.pem"
key_file = "{top}/bridge.key"
[store]
path = "{top}/city.db"
"""
AGENT = """
[gateway]
city = "baubau"
id = "{name}"
data_dir = "{top}/data"
socket = "{top}/agent.sock"
seal_interval_s = 0.2
clock = "trusted"
[broker]
port = 1
ca_file = "{top}/ca.pem"
cert_file = "{top}/gateway.pem"
key_file = "{top}/gateway.key"
[health]
interval_s = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """`top` has agent.toml, bridge.toml and the link `stick`."""

    top: Path
    gateway: Gateway
    stick: Path

    def settle_down(self) -> None:
        """No process of ours holds the card."""
        self.gateway.close()

    def mount_card(self) -> None:
        """`card`, in `top`, is the gateway's card, with the paths that its settings had there."""
        card = self.top / "card"
        (card / "etc" / "nadi").mkdir(parents=True)
        shutil.copytree(self.top / "data", card / "data")
        for name in ("ca.pem", "gateway.pem", "gateway.key"):
            shutil.copy(self.top / name, card / name)
        (card / "etc" / "nadi" / "agent.toml").write_text(AGENT.format(top="", name=NAME))

    def stored(self) -> int:
        """How many readings of it are in the city's store."""
        store = SqliteStore(self.top / "city.db", now_ms=lambda: 1)
        try:
            (row,) = store.query("SELECT count(*) FROM readings").rows
        finally:
            store.close()
        return int(str(row[0]))


@contextmanager
def cut_off(top: Path, *, batches: int) -> Iterator[CutOff]:
    """So many batches of two readings wait on its card; no agent runs."""
    authority = Authority()
    (top / "data").mkdir()
    gateway = Gateway(top / "data", authority, NAME)
    gateway.seal(batches)
    (top / "ca.pem").write_bytes(pem(authority.root))
    _keep(gateway.signer, top / "gateway")
    _keep(authority.holder("bridge", role=Role.BRIDGE), top / "bridge")
    (top / "agent.toml").write_text(AGENT.format(top=top, name=NAME))
    (top / "bridge.toml").write_text(BRIDGE.format(top=top))
    _programs(top / "bin")
    with ExitStack() as opened:
        stick = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=_elsewhere(top))))
        (top / "stick").symlink_to(stick)
        made = CutOff(top=top, gateway=gateway, stick=stick)
        made.settle_down()
        yield made


def _keep(signer: Signer, file: Path) -> None:
    file.with_suffix(".pem").write_bytes(pem(*signer.chain))
    file.with_suffix(".key").write_bytes(key_pem(signer.key))


def _programs(folder: Path) -> None:
    """Our programs are this very code."""
    folder.mkdir(exist_ok=True)
    for name, module in (("nadi-agent", "agent"), ("nadi-bridge", "broker_bridge")):
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        file.chmod(0o755)


def _elsewhere(top: Path) -> Path:
    """A folder that is not on the card."""
    own = top.stat().st_dev
    places = (Path("/dev/shm"), Path("/run"), Path("/tmp"))
    return next(one for one in places if one.is_dir() and one.stat().st_dev != own)


@contextmanager
def small_stick(folder: Path, *, options: str) -> Iterator[Path]:
    """A real file system of its own; raises OSError where we may not mount."""
    folder.mkdir()
    _as_root("mount", "-t", "tmpfs", "-o", options, "nadi-stick", str(folder))
    try:
        yield folder
    finally:
        _as_root("umount", "--lazy", str(folder))


def _as_root(*command: str) -> None:
    line = command if os.geteuid() == 0 else ("sudo", "-n", *command)
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode:
        raise OSError(f"{command[0]}: {done.stderr.strip()}")
