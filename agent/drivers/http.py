"""One bounded HTTP exchange with a device in the field: no redirect followed, no second chance."""

import asyncio
import hashlib
import re
import ssl
from dataclasses import dataclass, field

from agent.deadline import Deadline
from agent.errors import DeviceRefused, DeviceSilent, FrameError, ServiceClosed
from agent.tap import Traffic

MAX_HEAD, MAX_BODY = 16 * 1_024, 64 * 1_024
MAX_INTERIM = 4  # 1xx answers before the one that counts
OK, NO_CONTENT, UNAUTHORIZED, NOT_MODIFIED = 200, 204, 401, 304
MASK = "***"

_STATUS = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,7})[ \t]*(?:;[^\r\n]*)?\r\n")
_SECRET_HEADERS = ("authorization", "cookie", "x-api-key")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Whom to ask: an address already found, and by which name, way and certificate.

    `source` is a local address to send from. `pin` is the SHA-256 of the only certificate that
    is believed; without one the context decides.
    """

    address: str
    port: int
    host: str = ""
    source: str = ""
    tls: ssl.SSLContext | None = None
    pin: str = ""

    @property
    def host_header(self) -> str:
        """The name, or the address where none is given, and a port that is not the usual one."""
        host = self.host or self.address
        shown = f"[{host}]" if ":" in host else host
        return shown if self.port == (443 if self.tls else 80) else f"{shown}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question; it is in no representation, for it may hold a password.

    `hidden` is what else of it must not be shown; of a `private` one, nor is the answer's body.
    """

    method: str = "GET"
    path: str
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)
    private: bool = False

    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        of_headers = (value for name, value in self.headers if name.lower() in _SECRET_HEADERS)
        return (*of_headers, *self.hidden)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every header of that name, in order."""
        return tuple(value for known, value in self.headers if known == name)

    @property
    def challenges(self) -> tuple[str, ...]:
        """The ways in that it offers."""
        return self.all("www-authenticate")

    def content(self) -> bytes:
        """The body of a 200; raises FrameError."""
        if self.status != OK:
            raise FrameError(f"HTTP status {self.status}")
        return self.body


async def ask(
    peer: Peer,
    request: Request,
    *,
    timeout_ms: int,
    max_body: int = MAX_BODY,
    traffic: Traffic | None = None,
) -> Answer:
    """The answer, whatever its status; the whole exchange has `timeout_ms`.

    Raises DeviceSilent, DeviceRefused, ServiceClosed or FrameError.
    """
    try:
        async with Deadline(timeout_ms / 1_000):
            return await _exchange(peer, request, max_body, traffic or Traffic())
    except TimeoutError:
        raise DeviceSilent(f"no whole HTTP answer within {timeout_ms} ms") from None
    except ConnectionRefusedError as error:
        raise ServiceClosed(f"nothing listens on port {peer.port}") from error
    except ssl.SSLError as error:
        raise _no_trust(error) from error
    except (OSError, asyncio.IncompleteReadError) as error:
        raise DeviceSilent(f"no HTTP answer: {error.__class__.__name__}") from error


async def receive(reader: asyncio.StreamReader, *, max_body: int = MAX_BODY) -> Answer:
    """The next final answer; raises FrameError, or IncompleteReadError where it ends early."""
    for _ in range(MAX_INTERIM + 1):
        answer = parse_head(await _head(reader))
        if answer.status >= OK:
            body = await _body(reader, answer, max_body)
            return Answer(status=answer.status, headers=answer.headers, body=body)
    raise FrameError(f"more than {MAX_INTERIM} interim answers and none that counts")


def parse_head(text: bytes) -> Answer:
    """An answer up to its empty line; raises FrameError."""
    first, *lines = text.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    match = _STATUS.fullmatch(first)
    if match is None:
        raise FrameError(f"not an HTTP answer: {text[:40]!r}")
    headers = (line.partition(":") for line in lines)
    return Answer(
        status=int(match[1]),
        headers=tuple((name.strip().lower(), value.strip()) for name, _, value in headers),
    )


def encode(peer: Peer, request: Request) -> bytes:
    """The request as it is sent."""
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        f"Host: {peer.host_header}",
        "User-Agent: nadi-kota",
        "Connection: close",
    ]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.body or request.method != "GET":
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode() + request.body


async def _exchange(peer: Peer, request: Request, max_body: int, traffic: Traffic) -> Answer:
    reader, writer = await asyncio.open_connection(
        peer.address,
        peer.port,
        limit=MAX_HEAD,
        ssl=peer.tls,
        server_hostname=(peer.host or peer.address) if peer.tls else None,
        local_addr=(peer.source, 0) if peer.source else None,
    )
    try:
        _check_pin(peer, writer)
        writer.write(encode(peer, request))
        traffic.note(_masked(encode(peer, request), request), sent=True)
        answer = await receive(reader, max_body=max_body)
        traffic.note(_shown(answer, request), sent=False)
        return answer
    finally:
        writer.transport.abort()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise FrameError(f"an HTTP answer with headers of over {MAX_HEAD} bytes") from None


async def _body(reader: asyncio.StreamReader, head: Answer, max_body: int) -> bytes:
    if head.status in (NO_CONTENT, NOT_MODIFIED):
        return b""
    codings, lengths = head.all("transfer-encoding"), set(head.all("content-length"))
    if codings:
        if lengths or [one.lower() for one in codings] != ["chunked"]:
            raise FrameError(f"an HTTP answer in a coding not known here: {codings[0][:20]!r}")
        return await _chunks(reader, max_body)
    if not lengths:
        return await _until_end(reader, max_body)
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdecimal()) or len(length) > 9:
        raise FrameError(f"a Content-Length that is none: {length[:20]!r}")
    return await reader.readexactly(_within(int(length), max_body))


async def _chunks(reader: asyncio.StreamReader, max_body: int) -> bytes:
    body = bytearray()
    try:
        while match := _CHUNK.fullmatch(await reader.readuntil(b"\r\n")):
            size = int(match[1], 16)
            if not size:
                return bytes(body)  # trailers stay unread
            _within(len(body) + size, max_body)
            body += await reader.readexactly(size)
            if await reader.readexactly(2) != b"\r\n":
                break
    except asyncio.LimitOverrunError:
        pass
    raise FrameError("an HTTP answer whose chunks do not fit together")


async def _until_end(reader: asyncio.StreamReader, max_body: int) -> bytes:
    body = bytearray()
    while part := await reader.read(MAX_HEAD):
        body += part
        _within(len(body), max_body)
    return bytes(body)


def _within(length: int, max_body: int) -> int:
    if length > max_body:
        raise FrameError(f"an HTTP answer of {length} bytes, {max_body} at most")
    return length


def _check_pin(peer: Peer, writer: asyncio.StreamWriter) -> None:
    """Before the first byte of the request: a stranger is told no password."""
    secured = writer.get_extra_info("ssl_object")
    if not peer.pin or secured is None:
        return
    shown = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
    if shown != peer.pin:
        raise DeviceRefused(
            f"its certificate is another one, with the SHA-256 {shown}",
            hint="if it was given a new certificate, set certificate_sha256 to that",
        )


def _no_trust(error: ssl.SSLError) -> DeviceRefused:
    if isinstance(error, ssl.SSLCertVerificationError):
        return DeviceRefused(
            f"its certificate is not to be trusted: {error.verify_message[:100]}",
            hint="set ca_file to the CA that signed it, or certificate_sha256",
        )
    return DeviceRefused(f"no TLS with it: {(error.reason or 'broken off')[:60]}")


def _shown(answer: Answer, request: Request) -> bytes:
    lines = [f"HTTP {answer.status}", *(f"{name}: {value}" for name, value in answer.headers)]
    body = answer.body
    if request.private:
        body = f"{len(body)} bytes that are not shown".encode()
    return _masked("\r\n".join([*lines, "", ""]).encode() + body, request)


def _masked(text: bytes, request: Request) -> bytes:
    for secret in request.secrets():
        text = text.replace(secret.encode(), MASK.encode())
    return text
