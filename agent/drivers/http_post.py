"""One bounded HTTP POST to a device in the field: no redirect, no chunks, no second chance."""

import asyncio
import re

from agent.errors import DeviceSilent, FrameError, ServiceClosed

MAX_HEAD, MAX_BODY = 16 * 1_024, 64 * 1_024
OK = 200
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)


async def post(
    address: str, port: int, path: str, body: bytes, *, content_type: str, timeout_ms: int
) -> bytes:
    """The body of a 200; raises DeviceSilent, ServiceClosed or FrameError.

    HTTP/1.0, so that the answer is in one piece; the whole exchange has `timeout_ms`.
    """
    host = f"[{address}]" if ":" in address else address
    head = (
        f"POST {path} HTTP/1.0\r\nHost: {host}:{port}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    try:
        async with asyncio.timeout(timeout_ms / 1_000):
            return await _exchange(address, port, head.encode() + body)
    except TimeoutError:
        raise DeviceSilent(f"no whole HTTP answer within {timeout_ms} ms") from None
    except ConnectionRefusedError:
        raise ServiceClosed(f"nothing listens on port {port}") from None
    except (OSError, asyncio.IncompleteReadError) as error:
        raise DeviceSilent(f"no HTTP answer: {error.__class__.__name__}") from error


async def _exchange(address: str, port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(address, port, limit=MAX_HEAD)
    try:
        writer.write(request)
        return await _receive(reader)
    finally:
        writer.transport.abort()


async def _receive(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise FrameError(f"an HTTP answer with headers of over {MAX_HEAD} bytes") from None
    status, length = _STATUS.match(head), _LENGTH.search(head)
    if status is None:
        raise FrameError(f"not an HTTP answer: {head[:40]!r}")
    if int(status[1]) != OK:
        raise FrameError(f"HTTP status {int(status[1])}")
    if length is None:
        return await _until_end(reader)
    if int(length[1]) > MAX_BODY:
        raise FrameError(f"an HTTP answer of {int(length[1])} bytes, {MAX_BODY} at most")
    return await reader.readexactly(int(length[1]))


async def _until_end(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while part := await reader.read(MAX_BODY):
        body += part
        if len(body) > MAX_BODY:
            raise FrameError(f"an HTTP answer of over {MAX_BODY} bytes")
    return body
