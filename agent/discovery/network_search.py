"""Finds cameras and access points on a network: bounded, at a pace, and with one login at most."""

import asyncio
import ipaddress
import secrets
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.deadline import Deadline
from agent.discovery.known import Network
from agent.discovery.line_search import Progress
from agent.discovery.pace import Pace
from agent.discovery.probes import Key, Said, any_certificate, ask_onvif, ask_routeros, ask_rtsp
from agent.discovery.proposing import Account
from agent.discovery.snmp_probe import Told, ask_system
from agent.drivers.login import Credentials
from agent.language import _
from contract.discovery import FoundHost
from contract.errors import SettingsError
from contract.identity import Kind

LOGIN_WORDS = {
    "untried": "",
    "accepted": "; it takes the account",
    "refused": "; it refuses the account",
    "unanswered": "; it gave no answer to the account",
}
SIDE_BY_SIDE = 32  # hosts; each has four sockets at most
TIMEOUT_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSearch:
    """Which hosts, on which ports, as whom, and how fast; an empty community asks no SNMP."""

    network: Network
    account: Account = field(default_factory=Account)
    rtsp_ports: tuple[int, ...] = (554,)
    http_ports: tuple[int, ...] = (80,)
    https_ports: tuple[int, ...] = (443,)
    snmp_port: int = 161
    pace_per_s: int = 100
    limit_s: int = 600
    timeout_ms: int = TIMEOUT_MS
    tls: ssl.SSLContext = field(default_factory=any_certificate)


@dataclass(slots=True, kw_only=True)
class Harvest:
    """What was found so far; `complete` once every host was asked."""

    found: list[FoundHost] = field(default_factory=list)
    asked: int = 0
    complete: bool = False


def network_of(text: str, *, max_hosts: int, public: bool) -> Network:
    """The network that a person named; raises SettingsError if it must not be searched."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise SettingsError(
            _("--network {text} is no network").format(text=text[:60]),
            hint=_("write it as 10.20.0.0/24"),
        ) from None
    if network.num_addresses > max_hosts:
        raise SettingsError(
            _("--network {network} has {count} addresses, {max_hosts} at most").format(
                network=network, count=network.num_addresses, max_hosts=max_hosts
            ),
            hint=_("name a smaller network, or allow more with --max-hosts"),
        )
    if network.is_multicast or network.is_unspecified:
        raise SettingsError(
            _("--network {network} is no network of devices").format(network=network),
            hint=_("name another"),
        )
    if not public and any(host.is_global for host in hosts_of(network)):
        raise SettingsError(
            _("--network {network} is in the public Internet, where others' devices are").format(
                network=network
            ),
            hint=_("name the gateway's own network; if this one is the city's, add --public"),
        )
    return network


def hosts_of(network: Network) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Every address that a device can have, in order."""
    return iter(network.hosts())


async def search_network(search: NetworkSearch, *, pace: Pace, progress: Progress) -> Harvest:
    """What answers; after `limit_s` what was found until then."""
    harvest, hosts = Harvest(), [str(host) for host in hosts_of(search.network)]
    waiting = iter(hosts)

    async def work() -> None:
        for host in waiting:
            if (found := await look_at(host, search, pace)) is not None:
                harvest.found.append(found)
            harvest.asked += 1
            words = _("{host}, {count} found").format(host=host, count=len(harvest.found))
            progress(harvest.asked, len(hosts), words)

    try:
        async with Deadline(search.limit_s), asyncio.TaskGroup() as group:
            for _worker in range(min(SIDE_BY_SIDE, len(hosts))):
                group.create_task(work())
        harvest.complete = True
    except TimeoutError:
        pass
    harvest.found.sort(key=lambda one: ipaddress.ip_address(one.host).packed)
    return harvest


async def look_at(host: str, search: NetworkSearch, pace: Pace) -> FoundHost | None:
    """One host, by a few questions; None if nothing there answers."""
    rtsp, onvif = await asyncio.gather(_rtsp(host, search, pace), _onvif(host, search, pace))
    if any(one.is_it for one in (*rtsp, *onvif)):
        return _camera(host, rtsp, onvif)
    told, rest = await asyncio.gather(_system(host, search, pace), _rest(host, search, pace))
    if told is not None or any(one.is_it for one in rest):
        return _access_point(host, search, told, rest)
    return _stranger(host, [*rtsp, *onvif, *rest])


async def _rtsp(host: str, search: NetworkSearch, pace: Pace) -> list[Said]:
    """The account is given to the first port that asks for it, and to no other."""
    said, key = [], _key(search.account)
    for port in search.rtsp_ports:
        await pace.turn()
        one = await ask_rtsp(host, port, key, timeout_ms=search.timeout_ms)
        if one is not None:
            said.append(one)
            key = key if one.login == "untried" else None
    return said


async def _onvif(host: str, search: NetworkSearch, pace: Pace) -> list[Said]:
    said = []
    for port in search.http_ports:
        await pace.turn()
        said.append(await ask_onvif(host, port, timeout_ms=search.timeout_ms))
    return [one for one in said if one is not None]


async def _rest(host: str, search: NetworkSearch, pace: Pace) -> list[Said]:
    said = []
    for port in search.https_ports:
        await pace.turn()
        said.append(await ask_routeros(host, port, search.tls, timeout_ms=search.timeout_ms))
    return [one for one in said if one is not None]


async def _system(host: str, search: NetworkSearch, pace: Pace) -> Told | None:
    """A community is a login: no camera comes here, so none was given yet."""
    community = search.account.community
    if not community:
        return None
    await pace.turn()
    return await ask_system(host, search.snmp_port, community, timeout_ms=search.timeout_ms)


def _key(account: Account) -> Key | None:
    if not account.user:
        return None
    credentials = Credentials(user=account.user, password=account.password)
    return Key(credentials=credentials, path=account.path, cnonce=secrets.token_hex(8))


def _camera(host: str, rtsp: list[Said], onvif: list[Said]) -> FoundHost:
    stream = next((one for one in rtsp if one.is_it), None)
    clock = next((one for one in onvif if one.is_it), None)
    login = next((one.login for one in rtsp if one.login != "untried"), "untried")
    services = " and ".join(
        f"{name} on port {one.port}" for name, one in (("RTSP", stream), ("ONVIF", clock)) if one
    )
    lack = "" if stream else "; turn its RTSP on, or name --rtsp-port"
    return FoundHost(
        host=host,
        driver="rtsp_camera" if stream else "",
        kind=Kind.CAMERA,
        port=stream.port if stream else None,
        onvif_port=clock.port if clock else None,
        open_ports=_ports([*rtsp, *onvif]),
        login=login,
        what=f"a camera: {services}{LOGIN_WORDS[login]}{lack}",
    )


def _access_point(
    host: str, search: NetworkSearch, told: Told | None, rest: list[Said]
) -> FoundHost:
    ports = _ports(rest)
    if told is None:
        what = "a MikroTik by its REST service; turn its SNMP on, or give it a user for REST"
        return FoundHost(
            host=host, kind=Kind.ACCESS_POINT, maker="MikroTik", open_ports=ports, what=what
        )
    maker = told.maker
    known = f"a {maker} device" if maker else "an SNMP device of a maker not known here"
    hint = "" if maker else "; if it is an access point, its driver is snmp_access_point"
    return FoundHost(
        host=host,
        driver="snmp_access_point" if maker else "",
        kind=Kind.ACCESS_POINT if maker else None,
        port=search.snmp_port,
        open_ports=ports,
        maker=maker,
        name=told.name,
        profile=told.profile,
        login="accepted",
        what=f"{known}: {told.description}{hint}",
    )


def _stranger(host: str, said: list[Said]) -> FoundHost | None:
    if not said:
        return None
    reasons = "; ".join(f"port {one.port}: {one.why or 'another service'}" for one in said)
    return FoundHost(
        host=host, open_ports=_ports(said), what=f"something not known here: {reasons[:300]}"
    )


def _ports(said: list[Said]) -> list[int]:
    return sorted({one.port for one in said})
