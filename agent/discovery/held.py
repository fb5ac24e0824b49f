"""The running agent searches for a person what it holds open itself, between its own rounds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.discovery.line_search import ANSWER_MS, ask_address
from agent.discovery.uplinks import report_of
from agent.errors import AgentError
from agent.language import _
from agent.lines import Line, Wire
from contract.discovery import AddressReport, LorawanReport

MAX_ADDRESS, MAX_TIMEOUT_MS = 247, 5_000


async def search_address(lines: Sequence[Line], command: Mapping[str, object]) -> AddressReport:
    """What is at one address of a line that the agent reads; raises AgentError or LineGone."""
    wire = _wire(lines, str(command.get("port", "")))
    if wire is None:
        return AddressReport(held=False)
    address = _number(command.get("address"), 1, MAX_ADDRESS)
    if address is None:
        return AddressReport(held=True, baud=wire.baud)
    timeout_ms = _number(command.get("timeout_ms"), 1, MAX_TIMEOUT_MS) or ANSWER_MS
    async with wire.turn:
        found, noise = await ask_address(wire.master, address, wire.baud, timeout_ms=timeout_ms)
    return AddressReport(held=True, baud=wire.baud, found=found, noise=noise)


def unread(lines: Sequence[Line]) -> LorawanReport:
    """The uplinks that could not be read since the agent started."""
    if not any(line.unread is not None for line in lines):
        raise AgentError(
            _("the running agent reads no LoRaWAN line"),
            hint=_("name the application: nadi-agent discover --lorawan --application ID"),
        )
    return report_of(lines).model_copy(update={"looked": "through the agent"})


def _wire(lines: Sequence[Line], port: str) -> Wire | None:
    wanted = Path(port).resolve()
    wires = (line.wire for line in lines)
    return next((one for one in wires if one and Path(one.port).resolve() == wanted), None)


def _number(value: object, least: int, most: int) -> int | None:
    return value if isinstance(value, int) and least <= value <= most else None
