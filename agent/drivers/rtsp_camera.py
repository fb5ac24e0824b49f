"""A camera describes its stream over RTSP 1.0 (RFC 2326); no video is ever pulled."""

import asyncio
import errno
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.clock import Clock
from agent.deadline import Deadline
from agent.drivers.account import UNAUTHORIZED, Account
from agent.drivers.driver import Driver, Observation
from agent.drivers.place import NetworkPlace
from agent.drivers.redirection import elsewhere
from agent.drivers.resolver import Resolver
from agent.errors import DeviceSilent, FrameError, ServiceClosed
from agent.tap import Traffic
from contract.network_devices import RtspCamera

MAX_REPLY = 64 * 1024
MASKED = "***"
MAX_INTERIM = 4  # 1xx answers before the one that counts
OK = 200
SERVICE = "RTSP"

_STATUS_LINE = re.compile(r"RTSP/1\.[0-9] ([1-5][0-9]{2})(?: .*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """An answer up to its empty line; `length` bytes of body follow."""

    status: int
    length: int
    challenges: tuple[str, ...]
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One whole answer, and how long it took."""

    head: Head
    body: bytes
    took_ms: int

    @property
    def status(self) -> int:
        """Its status code."""
        return self.head.status

    @property
    def challenges(self) -> tuple[str, ...]:
        """The ways in that it offers."""
        return self.head.challenges


class RtspCameraDriver:
    """One camera, asked on a fresh connection each time, with one login attempt at most."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        path: str,
        account: Account | None,
        timeout_ms: int,
        clock: Clock,
        resolver: Resolver,
        traffic: Traffic | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._uri = f"rtsp://{f'[{host}]' if ':' in host else host}:{port}{path}"
        self._account = account
        self._timeout_ms = timeout_ms
        self._clock = clock
        self._resolver = resolver
        self._traffic = traffic or Traffic()
        self._wants_login = False

    async def read(self) -> tuple[Observation, ...]:
        """The status of a DESCRIBE, its video streams and its time; raises DeviceError."""
        if self._account is not None and self._wants_login:
            self._account.check(SERVICE)
        try:
            async with Deadline(self._timeout_ms / 1_000):
                return await self._ask_connected()
        except TimeoutError:
            raise DeviceSilent(f"no whole answer within {self._timeout_ms} ms") from None
        except OSError as error:
            raise self._in_words(error) from error

    async def _ask_connected(self) -> tuple[Observation, ...]:
        address = await self._resolver.find(self._host)
        reader, writer = await asyncio.open_connection(address, self._port, limit=MAX_REPLY)
        try:
            exchange = await self._describe(reader, writer)
        finally:
            writer.transport.abort()
        spent = Observation(quantity="response_time", value=float(exchange.took_ms))
        return (*observe(exchange.head, exchange.body), spent)

    async def _describe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Exchange:
        cseqs = itertools.count(1)

        async def ask(login: str) -> Exchange:
            cseq, asked_ms = next(cseqs), self._clock.boot_ms()
            writer.write(request(self._uri, cseq=cseq, login=login))
            masked = request(self._uri, cseq=cseq, login=MASKED if login else "")
            self._traffic.note(masked, sent=True)
            head, body = await receive(reader, cseq=cseq, heard=self._heard(login))
            return Exchange(head=head, body=body, took_ms=self._clock.boot_ms() - asked_ms)

        exchange = await ask("")
        self._wants_login = exchange.status == UNAUTHORIZED
        if self._account is None or not self._wants_login:
            return exchange
        return await self._account.log_in(SERVICE, exchange, ask, method="DESCRIBE", uri=self._uri)

    def _heard(self, login: str) -> Callable[[bytes], None]:
        """Notes what came, without a login that the camera repeats."""

        def note(data: bytes) -> None:
            hidden = data.replace(login.encode(), MASKED.encode()) if login else data
            self._traffic.note(hidden, sent=False)

        return note

    def _in_words(self, error: OSError) -> DeviceSilent | ServiceClosed:
        if error.errno == errno.ECONNREFUSED:
            return ServiceClosed(f"nothing listens on port {self._port}", hint="turn RTSP on")
        return DeviceSilent(f"no connection to {self._host}: {error.strerror or error}"[:150])


def build(settings: RtspCamera, place: NetworkPlace) -> Driver:
    """The driver of one camera's stream."""
    return RtspCameraDriver(
        host=settings.host,
        port=settings.port,
        path=settings.path,
        account=place.accounts.of(settings.host, settings.port, settings.user, settings.password),
        timeout_ms=settings.timeout_ms,
        clock=place.clock,
        resolver=place.resolver,
        traffic=place.traffic,
    )


def request(uri: str, *, cseq: int, login: str = "", method: str = "DESCRIBE") -> bytes:
    """A DESCRIBE, or another method that asks."""
    lines = [
        f"{method} {uri} RTSP/1.0",
        f"CSeq: {cseq}",
        "User-Agent: nadi-kota",
        "Accept: application/sdp",
    ]
    if login:
        lines.append(f"Authorization: {login}")
    return "\r\n".join([*lines, "", ""]).encode()


def parse(reply: bytes, *, cseq: int) -> tuple[Observation, ...]:
    """The observations in one whole answer to `cseq`; raises FrameError or DeviceRefused."""
    text, end, body = reply.partition(b"\r\n\r\n")
    head = parse_head(text + end, cseq=cseq)
    if len(body) < head.length:
        raise FrameError(f"the answer ends {head.length - len(body)} bytes early")
    return observe(head, body[: head.length])


def parse_head(text: bytes, *, cseq: int) -> Head:
    """An answer up to and with its empty line; raises FrameError."""
    if not text.endswith(b"\r\n\r\n"):
        raise FrameError(f"the answer ends within its headers: {text[:40]!r}")
    first, *lines = text.decode("latin-1")[:-4].split("\r\n")
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        raise FrameError(f"not an RTSP answer: {first[:40]!r}")
    headers = [_header(line) for line in lines]
    answered = _last(headers, "cseq", str(cseq))
    if answered != str(cseq):
        raise FrameError(f"an answer to CSeq {answered[:20]!r}, but {cseq} was asked")
    return Head(
        status=int(match[1]),
        length=_length(_last(headers, "content-length", "0"), limit=MAX_REPLY - len(text)),
        challenges=tuple(value for name, value in headers if name == "www-authenticate"),
        location=_last(headers, "location", ""),
    )


def observe(head: Head, body: bytes) -> tuple[Observation, ...]:
    """The status, and the video streams of a description; a redirection is not followed."""
    if 300 <= head.status < 400:
        raise elsewhere(head.status, head.location)
    status = Observation(quantity="rtsp_status", value=float(head.status))
    if head.status != OK or not body:
        return (status,)
    if not body.startswith(b"v=0"):
        raise FrameError(f"the description is none, it does not begin with v=0: {body[:20]!r}")
    streams = sum(line.startswith(b"m=video") for line in body.splitlines())
    return (status, Observation(quantity="video_streams", value=float(streams)))


async def receive(
    reader: asyncio.StreamReader, *, cseq: int, heard: Callable[[bytes], None] = lambda _: None
) -> tuple[Head, bytes]:
    """The next final answer, 64 KiB at most; raises FrameError or DeviceSilent."""
    text = b""
    try:
        for _ in range(MAX_INTERIM + 1):
            text = await reader.readuntil(b"\r\n\r\n")
            head = parse_head(text, cseq=cseq)
            body = await reader.readexactly(head.length)
            heard(text + body)
            if head.status >= OK:
                return head, body
    except asyncio.LimitOverrunError:
        raise FrameError(f"the answer's headers are longer than {MAX_REPLY} bytes") from None
    except asyncio.IncompleteReadError as error:
        if not text + error.partial:
            raise DeviceSilent("the camera hung up without an answer") from None
        raise FrameError(f"the answer ends early: {(text + error.partial)[:40]!r}") from None
    raise FrameError(f"more than {MAX_INTERIM} interim answers and none that counts")


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def _last(headers: list[tuple[str, str]], wanted: str, default: str) -> str:
    return next((value for name, value in reversed(headers) if name == wanted), default)


def _length(text: str, *, limit: int) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise FrameError(f"a Content-Length that is no number: {text[:20]!r}")
    if len(text) > 9 or int(text) > limit:
        raise FrameError(f"an answer of {text[:20]} bytes, {MAX_REPLY} at most")
    return int(text)
