"""What goes between the gateway and a device, told for as long as somebody listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.line import Port

MAX_PIECES = 256
MAX_PIECE_BYTES = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes that went to a device, or came from it; at most 2048 of them."""

    sent: bool
    data: bytes


class Traffic:
    """The bytes of one line or one device; drivers note them without any secret in them."""

    def __init__(self) -> None:
        self._heard: list[Piece] | None = None

    @contextmanager
    def listen(self) -> Iterator[list[Piece]]:
        """What is noted inside the block, in order; at most 256 pieces."""
        heard: list[Piece] = []
        self._heard = heard
        try:
            yield heard
        finally:
            self._heard = None

    def note(self, data: bytes, *, sent: bool) -> None:
        """Tell the listener, if there is one."""
        if data and self._heard is not None and len(self._heard) < MAX_PIECES:
            self._heard.append(Piece(sent=sent, data=data[:MAX_PIECE_BYTES]))


class Tap:
    """Stands before a port, passes everything on, and notes it."""

    def __init__(self, port: Port, traffic: Traffic) -> None:
        self._port = port
        self._traffic = traffic

    async def write(self, data: bytes) -> None:
        """As the port does."""
        await self._port.write(data)
        self._traffic.note(data, sent=True)

    async def receive(self, timeout_ms: int, *, expect: int = 1) -> bytes:
        """As the port does."""
        data = await self._port.receive(timeout_ms, expect=expect)
        self._traffic.note(data, sent=False)
        return data

    async def close(self) -> None:
        """As the port does."""
        await self._port.close()
