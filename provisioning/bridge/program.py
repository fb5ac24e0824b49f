"""`nadi-bridge` as the office runs it: what a gateway still holds, and that it is given up."""

import subprocess
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contract.discarding import MAX_BYTES, Discard, Discarded, Standing, Standings
from contract.document import Section
from contract.identity import GatewayId
from provisioning.errors import Trouble
from provisioning.language import mark

LIMIT_S = 120.0

_M = TypeVar("_M", bound=BaseModel)


class BridgeReach(Section):
    """How the office gets to the bridge; the default is the same machine."""

    command: list[str] = ["nadi-bridge"]  # such as ssh, a machine, sudo, nadi-bridge
    settings: str = "/etc/nadi/bridge.toml"  # there


def standing(reach: BridgeReach, gateway: str) -> Standing | None:
    """What the city's store knows of a gateway, None if it was never heard; raises Trouble."""
    said = _run(reach, "balance", Standings)
    return next((one for one in said.gateways if one.gateway == gateway), None)


def discard(reach: BridgeReach, gateway: str, *, count: int, reason: str) -> Discarded:
    """It is lost, if it is exactly so much; raises Trouble."""
    asked = Discard(gateway=GatewayId(gateway), count=count, reason=reason[:200])
    return _run(reach, "discard", Discarded, given=asked.model_dump_json())


def _run(reach: BridgeReach, what: str, model: type[_M], *, given: str = "") -> _M:
    """What is said with words stands on standard input: a shell on the way reads no words there."""
    line = [*reach.command, what, "--settings", reach.settings, "--json"]
    shown = " ".join(reach.command)
    try:
        done = subprocess.run(
            line, input=given.encode(), capture_output=True, timeout=LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble("E-BRIDGE-01", command=shown, why=str(error)) from None
    if not done.stdout.strip():
        raise Trouble("E-BRIDGE-01", command=shown, why=_complaint(done.stderr, done.returncode))
    try:
        return model.model_validate_json(done.stdout[:MAX_BYTES])
    except ValidationError:
        why = mark("its answer is of another version.")
        raise Trouble("E-BRIDGE-01", command=shown, why=why) from None


def _complaint(said: bytes, code: int) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines() or [f"exit {code}"]
    errors = [line for line in lines if line.startswith("error: ")] or lines[-1:]
    return errors[0].removeprefix("error: ")
