"""One network, looked at as a person said, with secrets from files or a hidden prompt."""

import argparse
import asyncio
import getpass
import sys
from pathlib import Path

from agent.clock import Clock
from agent.discovery.known import name_hosts
from agent.discovery.line_search import Progress
from agent.discovery.network_search import NetworkSearch, hosts_of, network_of, search_network
from agent.discovery.options import in_bounds
from agent.discovery.pace import Pace
from agent.discovery.proposing import PUBLIC, Account
from agent.language import _
from contract.discovery import NetworkReport
from contract.errors import SettingsError
from contract.settings import AgentSettings

MAX_SECRET = 256
MOST_HOSTS = 65_536


def look_at_network(
    search: NetworkSearch, settings: AgentSettings | None, *, clock: Clock, progress: Progress
) -> NetworkReport:
    """What answers, with what the settings call it."""
    began_ms, pace = clock.boot_ms(), Pace(search.pace_per_s, clock=clock)
    harvest = asyncio.run(search_network(search, pace=pace, progress=progress))
    trouble = []
    if not harvest.complete:
        words = f"time ran out after {search.limit_s} s: {harvest.asked} hosts were asked"
        trouble = [f"{words}; name a smaller network, or give more with --limit-s"]
    report = NetworkReport(
        network=str(search.network),
        hosts=sum(1 for _ in hosts_of(search.network)),
        complete=harvest.complete,
        took_s=round((clock.boot_ms() - began_ms) / 1_000, 1),
        found=harvest.found,
        trouble=trouble,
    )
    return name_hosts(report, settings) if settings else report


def search_of(options: argparse.Namespace) -> NetworkSearch:
    """What the options say; asks for secrets that are not in a file. Raises SettingsError."""
    most = in_bounds("max-hosts", options.max_hosts, 1, MOST_HOSTS)
    network = network_of(options.network, max_hosts=most, public=options.public)
    plain = NetworkSearch(network=network)
    return NetworkSearch(
        network=network,
        rtsp_ports=_ports("rtsp-port", options.rtsp_port) or plain.rtsp_ports,
        http_ports=_ports("http-port", options.http_port) or plain.http_ports,
        https_ports=_ports("https-port", options.https_port) or plain.https_ports,
        snmp_port=in_bounds("snmp-port", options.snmp_port, 1, 65_535),
        pace_per_s=in_bounds("pace", options.pace, 1, 1_000),
        limit_s=in_bounds("limit-s", options.limit_s, 1, 86_400),
        account=account_of(options),
    )


def _ports(name: str, ports: list[int] | None) -> tuple[int, ...]:
    given = tuple(dict.fromkeys(ports or ()))
    if len(given) > 4:
        raise SettingsError(
            _("--{name} is given too often").format(name=name), hint=_("at most 4 times: be polite")
        )
    return tuple(in_bounds(name, port, 1, 65_535) for port in given)


def account_of(options: argparse.Namespace) -> Account:
    """What a person gave to look with; raises SettingsError."""
    path: str = options.path
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise SettingsError(
            _("--path is no path of a stream"), hint=_("for example /Streaming/Channels/101")
        )
    password = _secret("password", options.password) if options.user else ""
    return Account(
        user=options.user, password=password, community=_community(options.community), path=path
    )


def _community(said: str) -> str:
    if said == "none":
        return ""
    return PUBLIC if said == PUBLIC else _secret("community", said)


def _secret(name: str, said: str) -> str:
    """A secret out of a file or a hidden prompt; one on the command line is refused."""
    if said == "ask":
        if not sys.stdin.isatty():
            raise SettingsError(
                _("--{name} is missing").format(name=name),
                hint=_("give --{name} file:PATH, or run it on a terminal").format(name=name),
            )
        return getpass.getpass(f"{name}: ", stream=sys.stderr)
    if not said.startswith("file:"):
        raise SettingsError(
            _("--{name} on the command line can be read by everybody on this machine").format(
                name=name
            ),
            hint=_(
                "put it in a file and give --{name} file:PATH, or leave it out and be asked"
            ).format(name=name),
        )
    path = Path(said.removeprefix("file:"))
    try:
        return path.read_text(encoding="utf-8")[: MAX_SECRET + 1].rstrip("\r\n")[:MAX_SECRET]
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            _("{path} cannot be read").format(path=path), hint=_("check it and its rights")
        ) from None
