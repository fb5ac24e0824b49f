"""A camera that was taken over, or broken: what it sends instead of an answer."""

import asyncio
from collections.abc import Container

PIECE = 64 * 1024
HEADERS = 10 * 1024 * 1024
FAULTS = {
    "endless_headers": "it answers with 10 MB of headers",
    "endless_line": "it begins a line and never ends it",
    "redirect": "it sends everybody to another host",
    "foreign_cseq": "it answers somebody else's question (RTSP)",
}


async def misbehave(writer: asyncio.StreamWriter, faults: Container[str], *, protocol: str) -> bool:
    """Whether something else than an answer was sent."""
    if "redirect" in faults:
        text = f"{protocol} 302 Found\r\nCSeq: 1\r\nLocation: http://nadi:secret@10.9.9.9/x\r\n\r\n"
        writer.write(text.encode())
        return True
    if "endless_headers" in faults:
        await _pour(writer, f"{protocol} 200 OK\r\n".encode(), b"X-Header: 0123456789abcdef\r\n")
        return True
    if "endless_line" in faults:
        await _pour(writer, f"{protocol} 200 ".encode(), b"OK" * 16)
        return True
    return False


async def _pour(writer: asyncio.StreamWriter, beginning: bytes, piece: bytes) -> None:
    """10 MB, as fast as the client takes them."""
    writer.write(beginning)
    pieces = piece * (PIECE // len(piece))
    for _ in range(HEADERS // len(pieces)):
        writer.write(pieces)
        await writer.drain()
