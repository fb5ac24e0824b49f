"""The enrolment endpoint as a gateway, or whoever means to be one, reaches it: over sockets."""

import asyncio
import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from contract.signed import pin_of
from provisioning.authority import record
from provisioning.authority.folder import Authority
from provisioning.certificates import pem
from provisioning.enrolment import token as tokens
from provisioning.enrolment.endpoint import ENROL, PKCS10
from provisioning.enrolment.server import Limits, Server
from provisioning.enrolment.token import Token

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Replied:
    """Status, code or certificate."""

    status: int
    body: bytes

    @property
    def code(self) -> str:
        return self.body.decode().strip()

    @property
    def certificates(self) -> list[x509.Certificate]:
        return pkcs7.load_der_pkcs7_certificates(base64.b64decode(self.body))


@dataclass(frozen=True, kw_only=True)
class Listening:
    """An endpoint that runs, and what it has logged."""

    authority: Authority
    port: int
    log: list[str]

    def token(self, gateway: str, *, now: datetime | None = None) -> Token:
        """As `nadi gateway token` makes it."""
        made, at = tokens.new(gateway, pin_of(self.authority.root)), now or datetime.now(UTC)
        with record.opened(self.authority.record_file, write=True) as kept:
            kept.add_token(made.digest, gateway=gateway, until=at + tokens.LIFE, now=at)
        return made

    def issued(self) -> list[str]:
        """The names of all gateways that have a certificate."""
        with record.opened(self.authority.record_file, write=False) as kept:
            return [one.name for one in kept.living(datetime.now(UTC)) if one.role == "gateway"]

    async def ask(
        self,
        path: str,
        request: x509.CertificateSigningRequest | bytes,
        *,
        token: Token | str = "",
        gateway: str = "",
        shown: tuple[Path, Path] | None = None,
    ) -> Replied:
        """One request as HTTP has it, whatever it says."""
        body = request
        if isinstance(body, x509.CertificateSigningRequest):
            body = base64.encodebytes(body.public_bytes(serialization.Encoding.DER))
        lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {PKCS10}"]
        lines.append(f"Content-Length: {len(body)}")
        if token:
            secret = token.secret if isinstance(token, Token) else token
            whole = base64.b64encode(f"{gateway}:{secret}".encode()).decode()
            lines.append(f"Authorization: Basic {whole}")
        return await self.send("\r\n".join([*lines, "", ""]).encode() + body, shown=shown)

    async def enrol(
        self, request: x509.CertificateSigningRequest | bytes, token: Token, *, gateway: str = ""
    ) -> Replied:
        """The common case of it."""
        return await self.ask(ENROL, request, token=token, gateway=gateway or token.gateway)

    async def send(self, data: bytes, *, shown: tuple[Path, Path] | None = None) -> Replied:
        """Raw bytes over TLS; what comes back until the end."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=pem(self.authority.root).decode())
        if shown:
            context.load_cert_chain(*shown)
        reader, writer = await asyncio.open_connection(HOST, self.port, ssl=context)
        try:
            writer.write(data)
            await writer.drain()
            answer = await reader.read()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        head, _, body = answer.partition(b"\r\n\r\n")
        return Replied(status=int(head.split(b" ")[1]) if head else 0, body=body)


def plenty() -> Limits:
    """A hundred at once are to reach the record."""
    return Limits(connections=500, requests_a_minute=100_000, exchange_s=60)


@contextmanager
def listening(
    authority: Authority,
    *,
    limits: Limits | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Listening]:
    """An endpoint in a thread of its own, with a loop of its own."""
    log: list[str] = []
    server = Server(
        authority,
        hosts=(HOST,),
        limits=limits or plenty(),
        now=now,
        monotonic=monotonic,
        say=log.append,
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(server.start(HOST, 0), loop).result(60)
        yield Listening(authority=authority, port=port, log=log)
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


async def _end(server: Server) -> None:
    await server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
