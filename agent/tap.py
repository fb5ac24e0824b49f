"""A port that also tells what goes over it, for as long as somebody listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.line import Port

MAX_PIECES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes that went over the line, `sent` by the gateway or else by a device."""

    sent: bool
    data: bytes


class Tap:
    """Stands before a port and passes everything on."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._heard: list[Piece] | None = None

    @contextmanager
    def listen(self) -> Iterator[list[Piece]]:
        """What goes over the line inside the block, in order; at most 256 pieces."""
        heard: list[Piece] = []
        self._heard = heard
        try:
            yield heard
        finally:
            self._heard = None

    async def write(self, data: bytes) -> None:
        """As the port does."""
        await self._port.write(data)
        self._note(data, sent=True)

    async def receive(self, timeout_ms: int, *, expect: int = 1) -> bytes:
        """As the port does."""
        data = await self._port.receive(timeout_ms, expect=expect)
        self._note(data, sent=False)
        return data

    async def close(self) -> None:
        """As the port does."""
        await self._port.close()

    def _note(self, data: bytes, *, sent: bool) -> None:
        if data and self._heard is not None and len(self._heard) < MAX_PIECES:
            self._heard.append(Piece(sent=sent, data=data))
