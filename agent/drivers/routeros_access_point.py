"""A MikroTik access point tells its uptime, uplink and clients by RouterOS's REST over TLS.

Clients' addresses stay on the device: it is asked for the names of their interfaces only.
"""

import base64
import json
import re
import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from agent.drivers import http
from agent.drivers.driver import Driver, Observation
from agent.drivers.hotspot import with_hotspot
from agent.drivers.place import NetworkPlace
from agent.drivers.rate import Rates
from agent.errors import DeviceRefused, FrameError
from agent.language import _
from contract.errors import SettingsError
from contract.network_devices import RouterosAccessPoint
from contract.reasons import of_system

RESOURCE = "/rest/system/resource"
# RouterOS from 7.13 has its clients in the first, older packages in the second, a manager of
# access points in the third; what a version does not have it refuses with 400 or 404.
MENUS = (
    "/rest/interface/wifi/registration-table",
    "/rest/interface/wireless/registration-table",
    "/rest/caps-man/registration-table",
)
BAD_REQUEST, FORBIDDEN, NOT_FOUND = 400, 403, 404
MAX_TABLE = 256 * 1_024  # thousands of clients
UNITS_S = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_UPTIME = re.compile(r"(?:[0-9]{1,6}[wdhms]){1,5}")
_COUNT = re.compile(r"[0-9]{1,20}")

Rows = list[dict[str, Any]]


class RouterosAccessPointDriver:
    """One access point, asked one thing after the other; a refused login waits an hour."""

    def __init__(self, settings: RouterosAccessPoint, place: NetworkPlace) -> None:
        self._settings = settings
        self._place = place
        self._tls = pinned() if settings.certificate_sha256 else trusting(settings.ca_file)
        self._pause = place.pauses.of(
            f"{settings.host}:{settings.port}",
            settings.user,
            settings.password,
            who="the access point",
        )
        self._menus: tuple[str, ...] = MENUS
        self._rates = Rates()

    async def read(self) -> tuple[Observation, ...]:
        """What it tells; raises DeviceError."""
        self._pause.check()
        seen = list(parse_resource((await self._ask(RESOURCE)).content()))
        if self._settings.interface:
            path = f"/rest/interface/{quote(self._settings.interface, safe='')}"
            seen += parse_interface((await self._ask(path)).content())
        clients = await self._clients()
        return (*seen, *self._rates.of(seen, self._place.clock.boot_ms()), *clients)

    async def _clients(self) -> tuple[Observation, ...]:
        """The first menu with anybody in it; nothing if it has none of the menus."""
        counts: dict[str, int] = {}
        for menu in self._menus:
            answer = await self._ask(f"{menu}?.proplist=interface", show=False)
            if answer.status in (BAD_REQUEST, NOT_FOUND):
                continue
            counts[menu] = len(rows(answer.content()))
            if counts[menu]:
                self._menus = (menu, *(one for one in MENUS if one != menu))
                break
        if not counts:
            return ()
        return (Observation(quantity="connected_clients", value=float(max(counts.values()))),)

    async def _ask(self, path: str, *, show: bool = True) -> http.Answer:
        """Raises LoginRefused and then does not ask for an hour, or another DeviceError."""
        settings = self._settings
        secret = base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode()
        answer = await http.ask(
            http.Peer(
                address=await self._place.resolver.find(settings.host),
                port=settings.port,
                host=settings.host,
                tls=self._tls,
                pin=settings.certificate_sha256,
            ),
            http.Request(path=path, headers=(("Authorization", f"Basic {secret}"),)),
            timeout_ms=settings.timeout_ms,
            max_body=MAX_TABLE,
            traffic=self._place.traffic if show else None,
        )
        if not show:
            shown = f"GET {path}: HTTP {answer.status}, {len(answer.body)} bytes not shown"
            self._place.traffic.note(shown.encode(), sent=False)
        if answer.status == http.UNAUTHORIZED:
            raise self._pause.begin()
        if answer.status == FORBIDDEN:
            raise DeviceRefused(
                "the access point lets this user not read by REST",
                hint="give its group policy=read,api,rest-api",
            )
        return answer


def build(settings: RouterosAccessPoint, place: NetworkPlace) -> Driver:
    """The driver of one access point; raises SettingsError if its CA cannot be read."""
    driver = RouterosAccessPointDriver(settings, place)
    return with_hotspot(driver, settings.hotspot, place) if settings.hotspot else driver


def rows(body: bytes) -> Rows:
    """A menu's rows; RouterOS gives one alone as an object. Raises FrameError, shows nothing."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise FrameError("a REST answer that is no JSON") from None
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise FrameError("a REST answer that is no list of objects")
    return listed


def parse_resource(body: bytes) -> tuple[Observation, ...]:
    """The uptime of /system/resource; raises FrameError."""
    text = _text(_one(rows(body)), "uptime")
    if not _UPTIME.fullmatch(text):
        raise FrameError("a REST answer whose uptime is none")
    spent = (int(part[:-1]) * UNITS_S[part[-1]] for part in re.findall("[0-9]+[a-z]", text))
    return (Observation(quantity="uptime", value=float(sum(spent))),)


def parse_interface(body: bytes) -> tuple[Observation, ...]:
    """The state and counters of /interface/NAME; all its values are texts. Raises FrameError."""
    row = _one(rows(body))
    running = {"true": 1.0, "false": 0.0}.get(_text(row, "running"))
    counts = [_text(row, name) for name in ("rx-byte", "tx-byte")]
    if running is None or not all(_COUNT.fullmatch(one) for one in counts):
        raise FrameError("a REST answer whose interface is none")
    return (
        Observation(quantity="interface_up", value=running),
        Observation(quantity="received_bytes", value=float(counts[0])),
        Observation(quantity="sent_bytes", value=float(counts[1])),
    )


def pinned() -> ssl.SSLContext:
    """For a certificate that is compared with its fingerprint after the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@lru_cache(maxsize=64)
def trusting(ca_file: str) -> ssl.SSLContext:
    """For certificates of one CA; raises SettingsError if it cannot be read."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            _("{path}: it holds no certificate").format(path=ca_file)
            if isinstance(error, ssl.SSLError)
            else f"{ca_file}: {of_system(error)}",
            hint=_(
                "set ca_file to a PEM file of the CA that signed the access point's certificate"
            ),
        ) from None


def _one(found: Rows) -> dict[str, Any]:
    if len(found) != 1:
        raise FrameError(f"a REST answer of {len(found)} objects, one is due")
    return found[0]


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise FrameError(f"a REST answer without {name}")
    return value
