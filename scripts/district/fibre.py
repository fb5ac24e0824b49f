"""A fibre that can be cut, reset, fall silent, lose one way or spoil a bit, and be mended."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Self

CHUNK = 65_536
LISTEN_BACKLOG = 16
STEP_S = 10.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time to linger sends RST


class Fibre:
    """Carries TCP from a fixed loopback port to another, in a thread of its own."""

    def __init__(self, *, port: int, target_port: int, late_s: float = 0.0) -> None:
        """`late_s`: how much later what is said at one end is heard at the other."""
        self.port = port
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name=f"fibre-{port}", daemon=True
        )
        self._forwarder = _Forwarder(port, target_port, late_s)

    def __enter__(self) -> Self:
        self._thread.start()
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STEP_S)
        self._loop.close()

    @property
    def whole(self) -> bool:
        """Whether it carries bytes now."""
        return self._forwarder.listening and self._forwarder.flowing

    def cut(self) -> None:
        """Resets every connection and refuses new ones."""
        self._run(self._forwarder.cut)

    def silence(self) -> None:
        """Carries nothing and says nothing: connections hang, new ones open and hang too."""
        self._run(self._forwarder.silence)

    def silence_back(self) -> None:
        """Half open: what the near end says arrives, and nothing comes back."""
        self._run(self._forwarder.silence_back)

    def reset(self) -> None:
        """Resets every connection; new ones are carried."""
        self._run(self._forwarder.reset)

    def spoil(self) -> None:
        """Flips one bit in the next bytes each way, and carries them."""
        self._run(self._forwarder.spoil)

    def mend(self) -> None:
        """Carries again; what hung in silence goes on where it stopped."""
        self._run(self._forwarder.mend)

    def _run(self, step: Callable[[], Coroutine[None, None, None]]) -> None:
        asyncio.run_coroutine_threadsafe(step(), self._loop).result(STEP_S)


class _Forwarder:
    """The fibre's inside; used in its own thread only."""

    def __init__(self, port: int, target_port: int, late_s: float) -> None:
        self._to_far = _Way(late_s)
        self._to_near = _Way(late_s)
        self._port = port
        self._target_port = target_port
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._carried: set[asyncio.Task[None]] = set()

    @property
    def listening(self) -> bool:
        return self._listener is not None

    @property
    def flowing(self) -> bool:
        return self._to_far.flowing.is_set() and self._to_near.flowing.is_set()

    async def cut(self) -> None:
        if self._listener and self._accepting:
            await _end(self._accepting)
            self._listener.close()
            self._listener = self._accepting = None
        await self.reset()

    async def reset(self) -> None:
        await _end(*self._carried)

    async def silence(self) -> None:
        self._to_far.flowing.clear()
        await self.silence_back()

    async def silence_back(self) -> None:
        self._to_near.flowing.clear()

    async def spoil(self) -> None:
        self._to_far.spoil = self._to_near.spoil = True

    async def mend(self) -> None:
        for way in (self._to_far, self._to_near):
            way.flowing.set()
            way.spoil = False
        if self._listener:
            return
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=LISTEN_BACKLOG)
        self._listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            near, _ = await loop.sock_accept(listener)
            carried = asyncio.create_task(self._carry(near))
            self._carried.add(carried)
            carried.add_done_callback(self._carried.discard)

    async def _carry(self, near: socket.socket) -> None:
        """One connection, until either end closes it or the fibre is cut."""
        with _reset_on_close(near), _reset_on_close(socket.socket()) as far, _until_gone():
            await self._to_far.flowing.wait()
            far.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(far, ("127.0.0.1", self._target_port))
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(near, far, self._to_far))
                both.create_task(_pump(far, near, self._to_near))


class _Way:
    """One direction."""

    def __init__(self, late_s: float) -> None:
        self.late_s = late_s
        self.flowing = asyncio.Event()
        self.spoil = False

    def through(self, chunk: bytes) -> bytes:
        """As it comes out at the other end."""
        if not self.spoil:
            return chunk
        self.spoil = False
        return chunk[:-1] + bytes([chunk[-1] ^ 1])


async def _pump(source: socket.socket, sink: socket.socket, way: _Way) -> None:
    loop = asyncio.get_running_loop()
    while chunk := await loop.sock_recv(source, CHUNK):
        await asyncio.sleep(way.late_s)
        await way.flowing.wait()
        await loop.sock_sendall(sink, way.through(chunk))
    sink.shutdown(socket.SHUT_WR)


def _reset_on_close(end: socket.socket) -> socket.socket:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return end


@contextlib.contextmanager
def _until_gone() -> Iterator[None]:
    try:
        yield
    except* OSError:
        pass


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
