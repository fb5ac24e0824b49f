"""One request a connection, over TLS 1.3, within bounds of size, time and number."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from cryptography import x509

from provisioning import certificates
from provisioning.authority.folder import Authority
from provisioning.certificates import Role, key_pem, new_key, pem
from provisioning.enrolment.endpoint import Answer, Endpoint, Request, Say
from provisioning.memory_file import in_memory

MAX_HEAD, MAX_BODY = 8192, 8192
OWN_LIFE, OWN_RENEWAL = timedelta(days=60), timedelta(days=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What strangers may use of the machine."""

    connections: int = 64
    exchange_s: float = 10.0
    requests_a_minute: int = 30  # of one address
    addresses: int = 4096  # that are remembered


class BadHttp(Exception):
    """A request that is not answered in words: its status alone."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Server:
    """Listens until it is closed."""

    def __init__(
        self,
        authority: Authority,
        *,
        hosts: tuple[str, ...],
        limits: Limits,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        say: Say,
    ) -> None:
        self._authority, self._hosts, self._limits = authority, hosts, limits
        self._now, self._say = now, say
        self._endpoint = Endpoint(authority, now=now, say=say)
        self._pace = Pace(limits, monotonic=monotonic)
        self._open = 0
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")
        self._context = _context(authority)
        self._own_from: datetime | None = None
        self._server: asyncio.Server | None = None

    async def start(self, address: str, port: int) -> int:
        """Listens; returns the port, which was chosen if it was 0."""
        self._show_fresh_certificate()
        self._server = await asyncio.start_server(
            self._serve,
            address,
            port,
            ssl=self._context,
            limit=MAX_HEAD,
            ssl_handshake_timeout=self._limits.exchange_s,
            ssl_shutdown_timeout=1.0,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """No more requests; those that run end."""
        if self._server is not None:
            self._server.close()
        self._worker.shutdown()

    def _show_fresh_certificate(self) -> None:
        """Its own key lives in memory only, and not for long."""
        now = self._now()
        if self._own_from is not None and now < self._own_from + OWN_RENEWAL:
            return
        key, issuing = new_key(), self._authority.issuing
        own = certificates.server(
            issuing, key.public_key(), name="enrolment", hosts=self._hosts, now=now,
            role=Role.ENROLMENT, life=OWN_LIFE,
        )  # fmt: skip
        with in_memory(pem(own, *self._authority.chain) + key_pem(key)) as path:
            self._context.load_cert_chain(path)
        self._own_from = now

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            async with asyncio.timeout(self._limits.exchange_s):
                writer.write(_bytes(await self._answer(reader, writer)))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError, ssl.SSLError, TimeoutError):
                await writer.wait_closed()
            self._show_fresh_certificate()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        address = str(writer.get_extra_info("peername")[0])
        if self._open > self._limits.connections or not self._pace.allows(address):
            return Answer(status=429, headers=(("Retry-After", "60"),))
        try:
            request = await _read(reader, address, _peer(writer))
        except BadHttp as bad:
            return Answer(status=bad.status)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._endpoint.answer, request)


class Pace:
    """How often each address may ask; of the many, those that were heard last are remembered."""

    def __init__(self, limits: Limits, *, monotonic: Callable[[], float]) -> None:
        self._limits, self._monotonic = limits, monotonic
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Counts one request of it."""
        now, most = self._monotonic(), float(self._limits.requests_a_minute)
        left, at = self._left.pop(address, (most, now))
        left = min(most, left + (now - at) * most / 60)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now)
        while len(self._left) > self._limits.addresses:
            self._left.popitem(last=False)
        return allowed


def _context(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=pem(authority.root).decode())
    return context


def _peer(writer: asyncio.StreamWriter) -> x509.Certificate | None:
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    shown = tls.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown) if shown else None


async def _read(
    reader: asyncio.StreamReader, address: str, peer: x509.Certificate | None
) -> Request:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    except (asyncio.LimitOverrunError, UnicodeDecodeError):
        raise BadHttp(400) from None
    first, *lines = head[:-4].split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadHttp(400)
    headers = _headers(lines)
    return Request(
        method=words[0],
        path=words[1],
        headers=headers,
        body=await reader.readexactly(_length(headers)),
        address=address,
        peer=peer,
    )


def _headers(lines: list[str]) -> dict[str, str]:
    """Each name once: two lengths or two tokens would be two meanings."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name.strip() != name or name.lower() in headers:
            raise BadHttp(400)
        headers[name.lower()] = value.strip()
    return headers


def _length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadHttp(411)
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadHttp(400)
    if int(text) > MAX_BODY:
        raise BadHttp(413)
    return int(text)


def _bytes(answer: Answer) -> bytes:
    headers = [
        ("Content-Type", answer.kind),
        ("Content-Length", str(len(answer.body))),
        ("Connection", "close"),
        *answer.headers,
    ]
    first = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
    lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode() + answer.body
