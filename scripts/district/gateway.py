"""One gateway of the district: the real agent, its settings, and the fibre to the broker."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.codec import decode_model
from contract.errors import MessageError
from contract.identity import GatewayId
from contract.messages import Status
from contract.settings import AgentSettings
from scripts.district.fibre import Fibre
from scripts.district.process import Program, ProgramError, python_program
from scripts.district.toml_document import write_toml

READY_S = 20.0
ANSWER_S = 5.0
MAX_ANSWER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The agent's own view of its connection to the broker."""

    up: bool
    for_s: float
    reason: str
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """What a running agent answers on its local socket."""

    status: Status
    link: Link
    rounds: int  # since its start


class Gateway:
    """Its agent can be killed and started again, its fibre cut and mended."""

    def __init__(self, settings: AgentSettings, fibre: Fibre, *, folder: Path, root: Path) -> None:
        """Writes the settings to `folder/agent.toml`."""
        self.id: GatewayId = settings.gateway.id
        self.settings = settings
        self.fibre = fibre
        self.settings_file = folder / "agent.toml"
        write_toml(self.settings_file, settings.model_dump(mode="json", exclude_none=True))
        self.agent: Program = python_program(
            f"agent-{self.id}",
            *("agent", "run", "--settings", str(self.settings_file)),
            folder=folder,
            root=root,
        )

    def start(self) -> None:
        """Returns when the agent reads, seals and sends; raises ProgramError."""
        self.agent.start_and_wait(deadline_s=READY_S)

    def kill(self) -> None:
        """SIGKILL, as a power cut does it."""
        self.agent.kill()

    def stop(self) -> None:
        """SIGTERM: the last round is sealed and the city told."""
        self.agent.stop()

    def state(self) -> AgentState | None:
        """What the agent says of itself now; None while it cannot be asked."""
        try:
            answer = _ask(self.settings.gateway.socket, {"cmd": "status"})
            link, rounds = _link(answer.pop("link")), int(answer.pop("rounds"))
            status = decode_model(Status, json.dumps(answer).encode())
            return AgentState(status=status, link=link, rounds=rounds)
        except OSError:
            return None
        except (KeyError, TypeError, ValueError, MessageError) as error:
            raise ProgramError(f"{self.id}: its answer to status is wrong: {error}") from error


def _link(said: Mapping[str, Any]) -> Link:
    return Link(
        up=bool(said["up"]),
        for_s=float(said["for_s"]),
        reason=str(said["reason"] or ""),
        in_flight=int(said["in_flight"]),
    )


def _ask(path: str, question: Mapping[str, str]) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(ANSWER_S)
        line.connect(path)
        line.sendall(json.dumps(question).encode() + b"\n")
        with line.makefile("rb") as answers:
            answer = answers.readline(MAX_ANSWER_BYTES)
    if not answer:
        raise ConnectionError("the agent closed its socket")
    said = json.loads(answer)
    if not isinstance(said, dict):
        raise TypeError(f"{answer[:100]!r} is not an object")
    return said
