"""`nadi-agent discover`: looks, shows how far it is, and prints or writes the settings."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from agent.asking import ask
from agent.clock import Clock, KernelClock
from agent.config import DEFAULT, load
from agent.discovery.known import name_devices, name_hosts, name_sensors
from agent.discovery.line_search import Search
from agent.discovery.naming import Namer, given_names, refuse_unused
from agent.discovery.options import addresses, broker, in_bounds
from agent.discovery.progress import Progress
from agent.discovery.proposal import Proposal
from agent.discovery.proposing import propose_line, propose_lorawan, propose_network
from agent.discovery.settings_file import write
from agent.discovery.words import AnyReport, in_words
from agent.language import _
from contract.discovery import LineReport, LorawanReport, NetworkReport
from contract.errors import SettingsError
from contract.settings import AgentSettings, LorawanSource

NEW_SOURCE = "lora"
MAX_REPORT = 16 << 20
_REPORTS: TypeAdapter[LineReport | NetworkReport] = TypeAdapter(
    Annotated[LineReport | NetworkReport, Field(discriminator="search")]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What every search is given."""

    options: argparse.Namespace
    settings: AgentSettings | None
    namer: Namer
    clock: Clock
    progress: Progress


def discover(options: argparse.Namespace) -> int:
    """Exit code: 0 something was found, 1 nothing was; raises NadiError."""
    clock = KernelClock(trusted=False)
    looking = Looking(
        options=options,
        settings=_settings(options),
        namer=Namer(given_names(options.asset), ask=_asker(options), only_given=options.named_only),
        clock=clock,
        progress=Progress(sys.stderr, clock=clock),
    )
    report, propose = _look(looking)
    proposals = propose()
    refuse_unused(looking.namer.unused(), list(report.found))
    if options.write is not None:
        report = report.model_copy(update={"written": write(_file(options), proposals)})
    print(report.model_dump_json(by_alias=True) if options.json else in_words(report, proposals))
    return 0 if report.found else 1


def _look(looking: Looking) -> tuple[AnyReport, Callable[[], list[Proposal]]]:
    """The report, and what makes settings of it, which may ask a person."""
    try:
        if looking.options.found:
            return _found(looking)
        if looking.options.line:
            return _line(looking)
        if looking.options.lorawan:
            return _lorawan(looking)
        return _network(looking)
    finally:
        looking.progress.end()


def _line(looking: Looking) -> tuple[AnyReport, Callable[[], list[Proposal]]]:
    from agent.discovery.line_command import look_at_line  # noqa: PLC0415 it loads pyserial

    options, settings = looking.options, looking.settings
    search = Search(
        bauds=tuple(dict.fromkeys(options.baud or Search().bauds)),
        addresses=addresses(options.addresses),
        timeout_ms=in_bounds("timeout-ms", options.timeout_ms, 20, 5_000),
    )
    report = look_at_line(
        options.line, search, settings, clock=looking.clock, progress=looking.progress
    )
    return report, lambda: propose_line(report, settings, looking.namer)


def _network(looking: Looking) -> tuple[AnyReport, Callable[[], list[Proposal]]]:
    from agent.discovery.network_command import look_at_network, search_of  # noqa: PLC0415 SNMP

    settings, search = looking.settings, search_of(looking.options)
    report = look_at_network(search, settings, clock=looking.clock, progress=looking.progress)
    return report, lambda: propose_network(report, settings, looking.namer, search.account)


def _found(looking: Looking) -> tuple[AnyReport, Callable[[], list[Proposal]]]:
    """What an earlier search found, as the settings know it now."""
    settings, options = looking.settings, looking.options
    report = _report_in(options.found)
    if isinstance(report, LineReport):
        line = name_devices(report, settings) if settings else report
        return line, lambda: propose_line(line, settings, looking.namer)
    from agent.discovery.network_command import account_of  # noqa: PLC0415 as above

    network = name_hosts(report, settings) if settings else report
    account = account_of(options)
    return network, lambda: propose_network(network, settings, looking.namer, account)


def _report_in(path: Path) -> LineReport | NetworkReport:
    try:
        data = path.read_bytes()
        if len(data) > MAX_REPORT:
            raise ValueError("it is too long")
        found: LineReport | NetworkReport = _REPORTS.validate_json(data)
    except (OSError, ValueError) as error:
        raise SettingsError(
            _("{path} holds no report: {why}").format(path=path, why=str(error).splitlines()[0]),
            hint=_("keep what `nadi-agent discover --line PORT --json` prints"),
        ) from None
    return found


def _lorawan(looking: Looking) -> tuple[AnyReport, Callable[[], list[Proposal]]]:
    settings = looking.settings
    seconds = in_bounds("seconds", looking.options.seconds, 1, 86_400)
    sources: list[LorawanSource] = list(settings.lorawan) if settings else []
    if application := looking.options.application:
        host, port = broker(looking.options.broker)
        sources = [LorawanSource(name=NEW_SOURCE, application=application, host=host, port=port)]
    if not sources:
        raise SettingsError(
            _("no LoRaWAN line is in the settings"),
            hint=_("name the application: --application ID"),
        )
    report = _heard(looking, sources, seconds)
    report = name_sensors(report, settings) if settings else report

    def propose() -> list[Proposal]:
        proposals = (propose_lorawan(report, one, settings, looking.namer) for one in sources)
        return [proposal for found in proposals for proposal in found]

    return report, propose


def _heard(looking: Looking, sources: list[LorawanSource], seconds: int) -> LorawanReport:
    from agent.discovery import lorawan_search  # noqa: PLC0415 it loads the uplinks' models

    settings, clock, progress = looking.settings, looking.clock, looking.progress
    if looking.options.application:
        listening = lorawan_search.listen_to_application(
            sources[0], seconds=seconds, clock=clock, progress=progress
        )
        return asyncio.run(listening)
    assert settings is not None
    heard = ask(Path(settings.gateway.socket), {"cmd": "unread"}, LorawanReport)
    if heard is not None:
        return heard
    return asyncio.run(
        lorawan_search.listen_to_lines(settings, seconds=seconds, clock=clock, progress=progress)
    )


def _settings(options: argparse.Namespace) -> AgentSettings | None:
    """The settings, which may be missing where none are named and none are written."""
    path = _file(options)
    named = options.settings is not None or options.write is not None
    return load(path) if named or os.access(path, os.R_OK) else None


def _file(options: argparse.Namespace) -> Path:
    named = options.write if options.write != Path() else None
    path: Path = named or options.settings or DEFAULT
    return path


def _asker(options: argparse.Namespace) -> Callable[[str], str] | None:
    """Asks a person on the terminal, where one sits who wants the settings written."""
    wanted = options.write is not None and not (
        options.json or options.no_questions or options.named_only
    )
    if not (wanted and sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def asks(words: str) -> str:
        print(words, end="", file=sys.stderr, flush=True)
        return sys.stdin.readline()

    return asks
