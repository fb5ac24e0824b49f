"""A small web server: one request a connection, bounded, answered by one function."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from firmware_sim.connections import Connections

MAX_REQUEST = 16 * 1024
IDLE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request's method, path without its query, and headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]


Answering = Callable[[Asked], Awaitable[bytes]]


def web_server(answering: Answering) -> Connections:
    """Gives each connection what `answering` gives; nothing at all for empty bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(IDLE_S):
            try:
                asked = parse(await reader.readuntil(b"\r\n\r\n"))
            except ValueError:
                return
            answer = await answering(asked)
            if not answer:
                await reader.read()  # until the client gives up
            writer.write(answer)
            await writer.drain()

    return Connections(serve)


def parse(head: bytes) -> Asked:
    """One request; raises ValueError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Asked(method=method, path=target.partition("?")[0], headers=headers)


def page(status: str, body: bytes = b"", *, headers: str = "") -> bytes:
    """An answer in one piece; each of `headers` ends with CRLF."""
    head = f"HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
