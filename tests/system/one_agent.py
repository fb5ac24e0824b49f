"""One agent as a program with one bin's sensor on a pty, and a small card of its own."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.identity import City, GatewayId
from contract.serial_devices import A02yyuw
from contract.settings import (
    AgentSettings,
    Gateway,
    Health,
    OutboxSettings,
    SerialLine,
    UplinkSettings,
)
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.process import Program, python_program
from scripts.district.toml_document import write_toml

ROOT = Path(__file__).parents[2]
OWN = GatewayId("bb-0001")
PATIENCE_S = 20.0
DISTRICT = """
[[line]]
name = "bin"
port = "bin"
baud = 9600
[[line.device]]
type = "a02yyuw"
asset = "TPS-1"
"""


def settings_for(
    folder: Path, port: Path, broker: Broker, authority: Authority, *, data_dir: Path | None = None
) -> AgentSettings:
    sensor = A02yyuw(asset="TPS-1")  # type: ignore[arg-type]  # a str
    return AgentSettings(
        health=Health(enabled=False),
        gateway=Gateway(
            city=City("baubau"),
            id=OWN,
            data_dir=str(data_dir or folder / "data"),
            socket=str(folder / "agent.sock"),
            seal_interval_s=0.2,
            clock="trusted",
        ),
        broker=broker.address(authority.client(OWN)),
        outbox=OutboxSettings(budget_mb=64, reserve_free_mb=0),
        uplink=UplinkSettings(reconnect_max_s=1.0),
        serial=[SerialLine(name="bin", port=str(port), read_interval_s=0.2, device=[sensor])],
    )


@contextmanager
def running(settings: AgentSettings, folder: Path) -> Iterator[Program]:
    write_toml(folder / "agent.toml", settings.model_dump(mode="json", exclude_none=True))
    arguments = ("agent", "run", "--settings", str(folder / "agent.toml"))
    agent = python_program("agent", *arguments, folder=folder, root=ROOT)
    agent.start_and_wait(deadline_s=PATIENCE_S)
    try:
        yield agent
    finally:
        if agent.running:
            agent.stop()


def status(settings: AgentSettings) -> dict[str, object]:
    return ask(settings, "status")


def ask(settings: AgentSettings, command: str, **more: str) -> dict[str, object]:
    """Its answer at its socket."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(PATIENCE_S)
        line.connect(settings.gateway.socket)
        line.sendall(json.dumps({"cmd": command, **more}).encode() + b"\n")
        with line.makefile("rb") as answers:
            said: dict[str, object] = json.loads(answers.readline())
    return said


def sealed(settings: AgentSettings) -> int:
    """Readings so far; the socket comes a moment after the agent is ready."""
    try:
        counts = status(settings)["sealed"]
    except (OSError, KeyError):
        return 0
    assert isinstance(counts, dict)
    return int(counts["readings"])


@contextmanager
def small_card(folder: Path, *, size_kb: int) -> Iterator[Path]:
    """A tmpfs that is soon full."""
    folder.mkdir()
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    options = f"size={size_kb}k,mode=777"
    subprocess.run([*root, "mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*root, "umount", str(folder)], check=True)
