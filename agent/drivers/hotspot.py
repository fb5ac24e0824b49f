"""What a guest of the public Wi-Fi meets: a name that is found, and a page or a login page."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from agent.deadline import Deadline
from agent.drivers import dns, http
from agent.drivers.driver import Driver, Observation
from agent.drivers.place import NetworkPlace
from agent.drivers.resolver import is_address
from agent.errors import DeviceError, FrameError
from contract.network_devices import Hotspot, HotspotPoint

MAX_PAGE = 256 * 1_024  # a login page may be long
REDIRECTS, LOGIN_NEEDED = range(300, 400), 511  # RFC 6585


class Met(StrEnum):
    """What a guest meets."""

    OK = "ok"
    PORTAL = "portal"
    DNS_FAIL = "dns_fail"
    NO_ROUTE = "no_route"
    INTERCEPTED = "intercepted"


class Probe(Protocol):
    """A check beside a driver's own reading."""

    async def read(self) -> tuple[Observation, ...]:
        """What it found, or nothing while it is not due."""
        ...


class HotspotProbe:
    """Sent every `interval_s` from the gateway's own address on the public network."""

    def __init__(
        self,
        settings: Hotspot,
        place: NetworkPlace,
        *,
        new_number: Callable[[], int] = lambda: secrets.randbelow(1 << 16),
        new_token: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._settings = settings
        self._place = place
        self._new_number = new_number
        self._new_token = new_token
        self._page = urlsplit(settings.page)
        self._due_ms = 0

    async def read(self) -> tuple[Observation, ...]:
        """What a guest meets now, as numbers; no failure is an error, for it is the finding."""
        began_ms = self._place.clock.boot_ms()
        if began_ms < self._due_ms:
            return ()
        self._due_ms = began_ms + round(self._settings.interval_s * 1_000)
        address = await self._look_up()
        found_ms = self._place.clock.boot_ms()
        if address is None:
            return observe(Met.DNS_FAIL)
        met = await self._visit(address)
        visited_ms = self._place.clock.boot_ms()
        return observe(met, dns_ms=found_ms - began_ms, page_ms=visited_ms - found_ms)

    async def _look_up(self) -> str | None:
        """An address of the page's host by the first resolver that has one."""
        host = self._page.hostname or ""
        name = self._settings.name or host
        for resolver in self._settings.resolvers:
            try:
                async with Deadline(self._settings.timeout_ms / 1_000):
                    found = await self._ask(resolver, name)
            except (DeviceError, OSError, TimeoutError) as error:
                words = str(error) or type(error).__name__
                self._place.traffic.note(f"{resolver}: {words}".encode(), sent=False)
            else:
                return host if is_address(host) else found[0]
        return None

    async def _ask(self, resolver: str, name: str) -> tuple[str, ...]:
        loop, number = asyncio.get_running_loop(), self._new_number()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.setblocking(False)
            wire.bind((self._settings.source, 0))
            wire.connect((resolver, self._settings.dns_port))
            asked = dns.question(name, number)
            await loop.sock_sendall(wire, asked)
            self._place.traffic.note(asked, sent=True)
            while True:
                heard = await loop.sock_recv(wire, dns.MAX_MESSAGE)
                self._place.traffic.note(heard, sent=False)
                try:
                    return dns.parse(heard, name, number)
                except FrameError:
                    continue  # a stranger's; the deadline stands

    async def _visit(self, address: str) -> Met:
        try:
            answer = await http.ask(
                http.Peer(
                    address=address,
                    port=self._page.port or 80,
                    host=self._page.hostname or "",
                    source=self._settings.source,
                ),
                http.Request(path=self._fresh_path(), headers=(("Cache-Control", "no-cache"),)),
                timeout_ms=self._settings.timeout_ms,
                max_body=MAX_PAGE,
                traffic=self._place.traffic,
            )
        except FrameError:
            return Met.INTERCEPTED
        except DeviceError:
            return Met.NO_ROUTE
        return meaning(answer, self._settings.page_says)

    def _fresh_path(self) -> str:
        """With a query nobody asked before: a proxy may have kept the page."""
        path = self._page.path or "/"
        query = "&".join(filter(None, [self._page.query, self._new_token()]))
        return f"{path}?{query}"


class WithHotspot:
    """A driver's own reading first: what does not answer has no guests."""

    def __init__(self, driver: Driver, probe: Probe) -> None:
        self._driver = driver
        self._probe = probe

    async def read(self) -> tuple[Observation, ...]:
        """Both; raises what the driver raises."""
        seen = await self._driver.read()
        return (*seen, *(await self._probe.read()))


def with_hotspot(driver: Driver, settings: Hotspot, place: NetworkPlace) -> Driver:
    """The driver, and then the probe."""
    return WithHotspot(driver, HotspotProbe(settings, place))


def build(settings: HotspotPoint, place: NetworkPlace) -> Driver:
    """The probe alone, for an access point that cannot be asked itself."""
    return HotspotProbe(settings.hotspot, place)


def meaning(answer: http.Answer, page_says: str) -> Met:
    """Who answered: the page itself, a login page, or somebody else."""
    if page_says:
        if answer.status == http.OK and page_says.encode() in answer.body:
            return Met.OK
    elif answer.status == http.NO_CONTENT:
        return Met.OK
    if answer.status in REDIRECTS or answer.status in (http.OK, LOGIN_NEEDED):
        return Met.PORTAL
    return Met.INTERCEPTED


def observe(met: Met, *, dns_ms: int = 0, page_ms: int = 0) -> tuple[Observation, ...]:
    """A finding as numbers; times only of what was answered."""
    values = {
        "dns_ok": float(met is not Met.DNS_FAIL),
        "internet_ok": float(met is Met.OK),
        "captive_portal": float(met is Met.PORTAL),
        "intercepted": float(met is Met.INTERCEPTED),
    }
    if met is not Met.DNS_FAIL:
        values["dns_time"] = float(dns_ms)
    if met in (Met.OK, Met.PORTAL):
        values["response_time"] = float(page_ms)
    return tuple(Observation(quantity=name, value=value) for name, value in values.items())
