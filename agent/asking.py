"""Asks the running agent through its local socket, since it alone holds the ports and the file."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from agent.errors import AgentError
from agent.language import _
from contract.reasons import of_system

ANSWER_S = 120.0  # longer than any device may take, a line that is busy with its round included
MAX_ANSWER_BYTES = 4 << 20  # a statement, or a batch in base64

_M = TypeVar("_M", bound=BaseModel)


def ask(
    path: Path, command: Mapping[str, object], model: type[_M], *, within_s: float = ANSWER_S
) -> _M | None:
    """The running agent's answer, or None if none runs; raises AgentError in its words."""
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(within_s)
            agent.connect(str(path))
            agent.sendall(json.dumps(command).encode() + b"\n")
            with agent.makefile("rb") as answers:
                return _understood(answers.readline(MAX_ANSWER_BYTES), model)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except PermissionError:
        raise AgentError(
            _("{path} may not be opened by this user").format(path=path), hint=_("run it with sudo")
        ) from None
    except OSError as error:
        raise AgentError(
            _("the running agent does not answer: {why}").format(why=of_system(error)),
            hint=_("look at it with systemctl status nadi-agent"),
        ) from None


def _understood(answer: bytes, model: type[_M]) -> _M:
    try:
        said = json.loads(answer)
        if isinstance(said, dict) and "error" in said:
            raise AgentError(str(said["error"]), hint=str(said.get("hint", "")))
        return model.model_validate(said)
    except (ValueError, ValidationError):
        raise AgentError(
            _("the running agent gives an answer of another version"),
            hint=_("restart it: systemctl restart nadi-agent"),
        ) from None
