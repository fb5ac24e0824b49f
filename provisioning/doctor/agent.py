"""The gateway's agent as `nadi` meets it: its socket, and `nadi-agent … --json`."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from contract.errors import NadiError
from provisioning.language import mark, passed_on

COMMAND = "nadi-agent"
MAX_ANSWER_BYTES = 1 << 20

_M = TypeVar("_M", bound=BaseModel)


class AgentSilent(NadiError):
    """No agent runs, or it does not answer in time; `why` is a message of the catalogues."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class AgentShut(NadiError):
    """The socket may not be opened by this user."""


class AgentRefused(NadiError):
    """The agent answered that it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The agent of the gateway with these settings."""

    socket: Path
    settings_file: Path
    path: str  # where programs are looked for

    def ask(self, command: Mapping[str, object], model: type[_M], *, within_s: float) -> _M:
        """The running agent's answer; raises AgentSilent, AgentShut or AgentRefused."""
        try:
            with socket.socket(socket.AF_UNIX) as agent:
                agent.settimeout(within_s)
                agent.connect(str(self.socket))
                agent.sendall(json.dumps(command).encode() + b"\n")
                with agent.makefile("rb") as answers:
                    return _understood(answers.readline(MAX_ANSWER_BYTES), model)
        except PermissionError:
            raise AgentShut(f"{self.socket} may not be opened by this user") from None
        except (FileNotFoundError, ConnectionRefusedError):
            raise AgentSilent(mark("nobody listens at its socket.")) from None
        except TimeoutError:
            raise AgentSilent(mark("it gives no answer in time.")) from None
        except OSError as error:
            raise AgentSilent(str(error)) from None

    def run(self, *words: str, model: type[_M], within_s: float) -> _M:
        """What `nadi-agent WORDS --json` says; raises AgentSilent or AgentRefused."""
        program = shutil.which(COMMAND, path=self.path)
        if program is None:
            raise AgentSilent(mark("nadi-agent is not installed here."))
        line = [program, *words, "--settings", str(self.settings_file), "--json"]
        try:
            done = subprocess.run(
                line,
                env=passed_on(os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=within_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AgentSilent(mark("it gives no answer in time.")) from None
        except OSError as error:
            raise AgentSilent(str(error)) from None
        if not done.stdout.strip():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise AgentRefused(said[0].removeprefix("error: ") if said else "it says nothing")
        return _understood(done.stdout, model)


def _understood(answer: bytes, model: type[_M]) -> _M:
    try:
        said = json.loads(answer)
        if isinstance(said, dict) and "error" in said:
            raise AgentRefused(str(said["error"]), hint=str(said.get("hint", "")))
        return model.model_validate(said)
    except ValueError:  # no JSON, or not that model
        raise AgentSilent(mark("its answer is of another version.")) from None
