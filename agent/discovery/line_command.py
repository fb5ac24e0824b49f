"""One serial line, looked at by the agent that holds it, or directly."""

import asyncio
from pathlib import Path

from agent.asking import ask
from agent.clock import Clock
from agent.discovery.known import line_at, name_devices
from agent.discovery.line_search import Finding, Progress, Search, garbled_words, search_line
from agent.errors import LineBusy, LineGone
from agent.language import _
from agent.serial_port import SerialPort
from contract.discovery import AddressReport, FoundDevice, LineReport
from contract.serial_devices import SPEAKING
from contract.settings import AgentSettings, SerialLine

Question = dict[str, object]


def look_at_line(
    port: str,
    search: Search,
    settings: AgentSettings | None,
    *,
    clock: Clock,
    progress: Progress,
) -> LineReport:
    """What answers on `port`, with what the settings call it; raises LineGone, AgentError."""
    report = _through_agent(port, search, settings, progress) if settings else None
    report = report or _directly(port, search, clock, progress)
    return name_devices(report, settings) if settings else report


def _directly(port: str, search: Search, clock: Clock, progress: Progress) -> LineReport:
    def open_port(baud: int) -> SerialPort:
        return SerialPort(port, baud=baud)

    try:
        finding = asyncio.run(search_line(open_port, search, clock=clock, progress=progress))
    except LineBusy as error:
        raise LineBusy(
            str(error),
            hint=_(
                "if the agent holds it, name its settings and it looks for you:"
                " --settings FILE; else stop the other program"
            ),
        ) from None
    return _report(port, search.bauds, search.addresses, finding)


def _through_agent(
    port: str, search: Search, settings: AgentSettings, progress: Progress
) -> LineReport | None:
    """What the running agent finds on a line that it holds; None if it does not hold it."""
    at = line_at(port, settings)
    line = None if at is None else settings.serial[at]
    path = Path(settings.gateway.socket)
    first = ask(path, {"cmd": "search", "port": port}, AddressReport)
    if first is None or not first.held:
        return None
    if line is not None and isinstance(line.device[0], SPEAKING):
        return _held(port, (), Finding(found=[_speaking(line)]), first.baud)
    finding = Finding()
    garbled = {}
    for step, address in enumerate(search.addresses):
        words = _("through the agent, {baud} baud: address {address}, {count} found").format(
            baud=first.baud, address=address, count=len(finding.found)
        )
        progress(step, len(search.addresses), words)
        question: Question = {
            "cmd": "search", "port": port, "address": address, "timeout_ms": search.timeout_ms,
        }  # fmt: skip
        answer = ask(path, question, AddressReport) or AddressReport(held=False)
        if not answer.held:
            raise LineGone(_("the agent stopped in the midst of it"), hint=_("search again"))
        finding.found += answer.found
        if answer.noise:
            garbled[address] = answer.noise
    finding.trouble += garbled_words(first.baud, garbled, of=len(search.addresses))
    return _held(port, search.addresses, finding, first.baud)


def _held(port: str, addresses: tuple[int, ...], finding: Finding, baud: int) -> LineReport:
    report = _report(port, (baud,), addresses, finding)
    return report.model_copy(update={"looked": "through the agent"})


def _speaking(line: SerialLine) -> FoundDevice:
    device = line.device[0]
    what = "a sensor that speaks by itself; the agent reads it"
    return FoundDevice(baud=line.baud, driver=device.driver, kind=device.kind, what=what)


def _report(
    port: str, bauds: tuple[int, ...], addresses: tuple[int, ...], finding: Finding
) -> LineReport:
    return LineReport(
        port=port,
        bauds=list(bauds),
        addresses=list(addresses),
        found=finding.found,
        trouble=finding.trouble,
    )
