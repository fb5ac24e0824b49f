"""What goes between the gateway and a device, told for as long as somebody listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.line import Port

MAX_PIECES = 256
MAX_NOTES = 32
MAX_NOTE = 120
MAX_PIECE_BYTES = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes that went to a device, or came from it; at most 2048 of them."""

    sent: bool
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing a device says of itself that is no reading, on one line."""

    name: str
    text: str


class Traffic:
    """The bytes of one line or one device; drivers note them without any secret in them.

    `notes` is what a device said of itself while somebody listened last.
    """

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._heard: list[Piece] | None = None

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens."""
        return self._heard is not None

    @contextmanager
    def listen(self) -> Iterator[list[Piece]]:
        """What is noted inside the block, in order; at most 256 pieces."""
        heard: list[Piece] = []
        self._heard, self.notes = heard, []
        try:
            yield heard
        finally:
            self._heard = None

    def note(self, data: bytes, *, sent: bool) -> None:
        """Tell the listener, if there is one."""
        if data and self._heard is not None and len(self._heard) < MAX_PIECES:
            self._heard.append(Piece(sent=sent, data=data[:MAX_PIECE_BYTES]))

    def tell(self, name: str, text: str) -> None:
        """Tell the listener, if there is one, what the device says of itself."""
        if self._heard is not None and len(self.notes) < MAX_NOTES:
            shown = "".join(one if one.isprintable() else " " for one in text)
            self.notes.append(Note(name=name, text=shown[:MAX_NOTE]))


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
