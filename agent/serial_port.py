"""A real serial port: raw 8N1, held exclusively, opened again by itself after it was gone."""

import asyncio
import contextlib
import errno
import termios

import serial_asyncio_fast

from agent.deadline import Deadline
from agent.errors import LineBusy, LineGone
from agent.language import _

MAX_BUFFER = 4_096  # no device here says more than a few hundred bytes between two reads
OPEN_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 2.0
BITS_PER_BYTE = 10  # 8N1
LATE_MS = 5  # what the rest of a frame may be late, when nothing of it is there yet

_MISSING = {errno.ENOENT, errno.ENXIO, errno.ENODEV}
_BUSY = {errno.EBUSY, errno.EAGAIN}


class SerialPort:
    """One port by its path; modem lines are left as the kernel sets them."""

    def __init__(self, path: str, *, baud: int) -> None:
        self._path = path
        self._baud = baud
        self._wire: _Wire | None = None

    async def write(self, data: bytes) -> None:
        """Send `data`; raises LineGone."""
        wire = await self._opened()
        wire.transport.write(data)

    async def receive(self, timeout_ms: int, *, expect: int = 1) -> bytes:
        """The first bytes to arrive from now on, within `timeout_ms`; raises LineGone.

        Of `expect` bytes the rest is left to the kernel and fetched when it can be whole, for a
        wake-up for each byte is most of what a slow line costs.
        """
        wire = await self._opened()
        data = await wire.take(timeout_ms, expect=expect, byte_s=BITS_PER_BYTE / self._baud)
        if not data and wire.closed.is_set():
            self._wire = None
            raise LineGone(
                f"the serial port {self._path} was unplugged",
                hint="plug it in again; it is retried by itself",
            )
        return data

    async def close(self) -> None:
        """Release the port, without waiting for bytes that nobody takes."""
        wire, self._wire = self._wire, None
        if wire is not None:
            if not wire.transport.is_closing():
                wire.transport.abort()
            with contextlib.suppress(TimeoutError):
                async with Deadline(CLOSE_TIMEOUT_S):
                    await wire.closed.wait()

    async def _opened(self) -> "_Wire":
        if self._wire is None or self._wire.transport.is_closing():
            await self.close()
            self._wire = await self._open()
        return self._wire

    async def _open(self) -> "_Wire":
        loop = asyncio.get_running_loop()
        try:
            async with Deadline(OPEN_TIMEOUT_S):
                transport, wire = await serial_asyncio_fast.create_serial_connection(
                    loop, _Wire, self._path, baudrate=self._baud, exclusive=True
                )
        except TimeoutError:
            raise LineGone(
                _("the serial port {path} does not open").format(path=self._path),
                hint=_("unplug the adapter and plug it in again"),
            ) from None
        except (OSError, ValueError, termios.error) as error:
            raise self._refused(error) from error
        assert isinstance(wire, _Wire)
        assert isinstance(transport, serial_asyncio_fast.SerialTransport)
        wire.transport = transport
        return wire

    def _refused(self, error: Exception) -> LineGone:
        code = error.errno if isinstance(error, OSError) else None
        if code in _MISSING:
            return LineGone(
                _("the serial port {path} is missing").format(path=self._path),
                hint=_("plug the adapter in, or correct port in the settings"),
            )
        if code in _BUSY:
            return LineBusy(
                _("the serial port {path} is busy").format(path=self._path),
                hint=_("stop the other program that holds it"),
            )
        if code == errno.EACCES:
            return LineGone(
                _("the serial port {path} may not be opened").format(path=self._path),
                hint=_("add the agent's user to the group dialout"),
            )
        reason = str(error).removeprefix(f"could not open port {self._path}: ")
        return LineGone(
            _("the serial port {path} cannot be used: {why}").format(
                path=self._path, why=reason[:80]
            ),
            hint=_("check the adapter and its settings"),
        )


class _Wire(asyncio.Protocol):
    """Holds what arrives during a `take`; what arrives while nobody waits is thrown away.

    A sensor that speaks ten times a second by itself would otherwise wake the gateway as often.
    """

    transport: serial_asyncio_fast.SerialTransport

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self._stirred = asyncio.Event()
        self._buffer = bytearray()
        self._waiting = False
        self._paused = False

    async def take(self, timeout_ms: int, *, expect: int, byte_s: float) -> bytes:
        """The first bytes to arrive within `timeout_ms`; empty if none do or the port is gone."""
        self._listen()
        try:
            await self._wait_for_a_byte(timeout_ms)
            if self._buffer and len(self._buffer) < expect:
                await self._let_the_rest_come((expect - len(self._buffer)) * byte_s)
        finally:
            self._waiting = False
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def data_received(self, data: bytes) -> None:
        if not self._waiting:
            self._paused = True
            self.transport.pause_reading()
            return
        self._buffer += data
        del self._buffer[:-MAX_BUFFER]
        self._stirred.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.closed.set()
        self._stirred.set()

    async def _wait_for_a_byte(self, timeout_ms: int) -> None:
        if self.closed.is_set():
            return
        self._stirred.clear()
        with contextlib.suppress(TimeoutError):
            async with Deadline(timeout_ms / 1_000):
                await self._stirred.wait()

    async def _let_the_rest_come(self, rest_s: float) -> None:
        if self.transport.is_closing():
            return
        self.transport.pause_reading()
        try:
            await asyncio.sleep(rest_s)
        finally:
            if not self.transport.is_closing():
                self.transport.resume_reading()
        await self._wait_for_a_byte(LATE_MS)

    def _listen(self) -> None:
        self._waiting = True
        self._buffer.clear()
        if self._paused and not self.transport.is_closing():
            self._paused = False
            if serial := self.transport.serial:
                with contextlib.suppress(termios.error):  # unplugged meanwhile: reading says so
                    serial.reset_input_buffer()
            self.transport.resume_reading()
