"""A serial line as its drivers see it: bytes out, and bytes in before a deadline."""

from collections.abc import Callable, Iterable
from typing import Protocol

from agent.clock import FakeClock


class Port(Protocol):
    """A raw serial port; each call raises LineGone when the port is missing, busy or unplugged."""

    async def write(self, data: bytes) -> None:
        """Send `data`; opens the port if it is not open."""
        ...

    async def receive(self, timeout_ms: int, *, expect: int = 1) -> bytes:
        """The first bytes to arrive from now on; empty if none do within `timeout_ms`.

        Of a frame of `expect` bytes it then lets the rest come, for as long as the wire needs.
        Between two calls without any other await nothing is lost; older bytes are thrown away.
        """
        ...

    async def close(self) -> None:
        """Give the port back to the system; the next write or receive opens it again."""
        ...


class FakePort:
    """A port on a fake clock; `peer` answers each write with (delay in ms, bytes) pairs."""

    def __init__(
        self,
        clock: FakeClock,
        peer: Callable[[bytes], Iterable[tuple[int, bytes]]] = lambda _: (),
    ) -> None:
        self.written: list[tuple[int, bytes]] = []
        self._clock = clock
        self._peer = peer
        self._arriving: list[tuple[int, bytes]] = []

    def speak(self, after_ms: int, data: bytes) -> None:
        """Let `data` arrive `after_ms` from now."""
        self._arriving.append((self._clock.now_ms + after_ms, data))
        self._arriving.sort(key=lambda arrival: arrival[0])

    async def write(self, data: bytes) -> None:
        """Record `data` with its time and let the peer answer it."""
        self.written.append((self._clock.now_ms, data))
        for after_ms, answer in self._peer(data):
            self.speak(after_ms, answer)

    async def receive(self, timeout_ms: int, *, expect: int = 1) -> bytes:  # noqa: ARG002
        """Move the clock to the next arrival, or by `timeout_ms`."""
        self._arriving = [(at, data) for at, data in self._arriving if at >= self._clock.now_ms]
        until_ms = self._clock.now_ms + timeout_ms
        if not self._arriving or self._arriving[0][0] > until_ms:
            self._clock.now_ms = until_ms
            return b""
        self._clock.now_ms, data = self._arriving.pop(0)
        return data

    async def close(self) -> None:
        """Forget what was on its way."""
        self._arriving.clear()
