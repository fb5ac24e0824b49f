"""A gateway of a centre, with a simulated bin and meter on its lines, and a bridge in town."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from broker_bridge.config import BridgeSettings, StoreSettings
from contract.agent_status import AgentStatus
from contract.identity import AssetId, City, GatewayId
from contract.serial_devices import A02yyuw, Pzem004t
from contract.settings import AgentSettings, Gateway, Health, OutboxSettings, SerialLine
from contract.tls import Broker
from scripts.district.process import Program, python_program
from scripts.district.toml_document import write_toml
from tests.provisioning.conftest import ROOT, Centre

NAME = GatewayId("bb-0042")
PATIENCE_S = 30.0
DISTRICT = """
[[line]]
name = "bin"
port = "bin"
baud = 9600
[[line.device]]
type = "a02yyuw"
asset = "TPS-1"

[[line]]
name = "lamps"
port = "lamps"
baud = 9600
[[line.device]]
type = "pzem004t"
asset = "PJU-0001"
address = 1
"""


@dataclass(kw_only=True)
class Pole:
    """The gateway's box; what runs in it is ended with `end`."""

    centre: Centre
    folder: Path
    address: Broker
    running: list[Program] = field(default_factory=list)

    @property
    def settings_file(self) -> Path:
        """The agent's."""
        return self.folder / "agent.toml"

    @property
    def settings(self) -> AgentSettings:
        """As they are on a pole with two lines."""
        ports = self.folder / "dev"
        lamp = Pzem004t(asset=AssetId("PJU-0001"), address=1)
        return AgentSettings(
            health=Health(enabled=True),
            gateway=Gateway(
                city=City("baubau"),
                id=NAME,
                data_dir=str(self.folder / "data"),
                socket=str(self.folder / "agent.sock"),
                seal_interval_s=1.0,
                clock="trusted",
            ),
            broker=self.address,
            outbox=OutboxSettings(budget_mb=64, reserve_free_mb=0),
            serial=[
                SerialLine(
                    name="bin", port=str(ports / "bin"), device=[A02yyuw(asset=AssetId("TPS-1"))]
                ),
                SerialLine(name="lamps", port=str(ports / "lamps"), device=[lamp]),
            ],
        )

    def write_settings(self, settings: AgentSettings | None = None) -> None:
        """What the agent will read at its next start."""
        document = (settings or self.settings).model_dump(mode="json", exclude_none=True)
        write_toml(self.settings_file, document)

    def play(self) -> Program:
        """The field devices."""
        district = self.folder / "district.toml"
        district.write_text(DISTRICT)
        words = ("firmware_sim", "run", str(district), "--dir", str(self.folder / "dev"))
        simulated = self._program("sim", *words)
        simulated.start()
        simulated.ready_line(deadline_s=PATIENCE_S)
        return simulated

    def start_agent(self) -> Program:
        """Returns when it runs and its socket is there."""
        agent = self._program("agent", "agent", "run", "--settings", str(self.settings_file))
        agent.start_and_wait(deadline_s=PATIENCE_S)
        agent.wait_until(
            Path(self.settings.gateway.socket).exists, what="listening", deadline_s=PATIENCE_S
        )
        return agent

    def start_bridge(self) -> Program:
        """Returns when it takes batches into one SQLite file."""
        credentials = self.centre.authority.folder / "clients" / "bridge"
        settings = BridgeSettings(
            city=City("baubau"),
            broker=Broker(
                host="127.0.0.1",
                port=self.centre.port,
                ca_file=str(credentials / "ca.pem"),
                cert_file=str(credentials / "bridge.pem"),
                key_file=str(credentials / "bridge.key"),
            ),
            store=StoreSettings(path=str(self.folder / "city.db")),
        )
        file = self.folder / "bridge.toml"
        write_toml(file, settings.model_dump(mode="json", exclude_none=True))
        bridge = self._program("bridge", "broker_bridge", "run", "--settings", str(file))
        bridge.start_and_wait(deadline_s=PATIENCE_S)
        return bridge

    def status(self) -> AgentStatus:
        """What the running agent says of itself; raises OSError if none runs."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self.settings.gateway.socket)
            line.sendall(b'{"cmd":"status"}\n')
            with line.makefile("rb") as answers:
                return AgentStatus.model_validate_json(answers.readline())

    def is_receipted(self) -> bool:
        """Whether the agent has the city's word of something it sealed."""
        status = self.status()
        sealed, waits = status.sealed.readings, status.backlog.counts.readings
        return status.link.receipt_age_s is not None and waits < sealed

    def path(self) -> str:
        """Where `nadi-agent` is this very code."""
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        command = programs / "nadi-agent"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m agent "$@"\n')
        command.chmod(0o755)
        return f"{programs}:/usr/bin:/bin:/usr/sbin"

    def _program(self, name: str, module: str, *words: str) -> Program:
        program = python_program(name, module, *words, folder=self.folder, root=ROOT)
        self.running.append(program)
        return program


@contextmanager
def standing(centre: Centre, folder: Path) -> Iterator[Pole]:
    """A pole with its settings written and nothing running yet."""
    folder.mkdir()
    pole = Pole(centre=centre, folder=folder, address=centre.address(NAME))
    pole.write_settings()
    try:
        yield pole
    finally:
        for program in reversed(pole.running):
            if program.running:
                program.stop()
