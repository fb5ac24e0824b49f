"""A web server that gives every connection the same bytes, and keeps what it was asked."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Web:
    """Where it listens, and the heads of the requests it got."""

    port: int = 0
    asked: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def web_server(
    answer: bytes, *, hang: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Web]:
    """Gives `answer` and the end of the stream, or with `hang` never the end."""
    web = Web()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            web.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            if hang:
                await reader.read()
            if writer.can_write_eof():
                writer.write_eof()
                await reader.read()
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        web.port = server.sockets[0].getsockname()[1]
        yield web


def http(body: bytes, status: str = "200 OK", *, headers: str = "") -> bytes:
    """An answer in one piece; each of `headers` ends with CRLF."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body
