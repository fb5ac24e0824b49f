"""A serial port for somebody else to open: a raw pty behind a symlink that stays the same."""

import array
import asyncio
import contextlib
import fcntl
import os
import pty
import termios
import tty
from pathlib import Path

from firmware_sim.errors import PortError

# A tty keeps 4095 unread bytes. Dropping well before that leaves nothing behind in the kernel's
# second buffer, which a reader's flush at open does not clear.
MAX_UNREAD = 2048
READ_SIZE = 4096


class PtyPort:
    """The device's end of a pty; the driver opens `path`."""

    def __init__(self, path: Path) -> None:
        """Raises PortError when `path` cannot become a symlink."""
        self.path = path
        self._master, self._slave = pty.openpty()
        # A fresh pty echoes and turns \r into \n; and without an open slave end the master
        # reads EIO whenever the driver closes the port.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        try:
            _link(path, os.ttyname(self._slave))
        except BaseException:
            self._close_ends()
            raise

    async def read(self) -> bytes:
        """At least one byte the driver wrote."""
        while True:
            try:
                return os.read(self._master, READ_SIZE)
            except BlockingIOError:
                await self._readable()

    def write(self, data: bytes) -> bool:
        """Hands `data` to the driver; False if nobody reads and it fell on the floor."""
        if self._unread() > MAX_UNREAD:
            return False
        try:
            return os.write(self._master, data) == len(data)
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Takes the port away, symlink included."""
        with contextlib.suppress(OSError):
            if str(self.path.readlink()) == os.ttyname(self._slave):
                self.path.unlink()
        self._close_ends()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._master, _resolve, ready)
        try:
            await ready
        finally:
            loop.remove_reader(self._master)

    def _unread(self) -> int:
        count = array.array("i", [0])
        fcntl.ioctl(self._slave, termios.FIONREAD, count)
        return count[0]

    def _close_ends(self) -> None:
        os.close(self._master)
        os.close(self._slave)


def _resolve(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _link(path: Path, target: str) -> None:
    if path.exists() and not path.is_symlink():
        raise PortError(f"{path} exists and is no symlink", hint="move it away or use another port")
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(path)
    except OSError as error:
        raise PortError(
            f"{path} cannot be made: {error.strerror}", hint="choose a --dir you may write to"
        ) from error
