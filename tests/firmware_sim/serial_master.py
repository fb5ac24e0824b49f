"""The driver's end of a simulated serial port, for tests."""

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 5.0


class SerialMaster:
    """An open serial port that waits for bytes up to five seconds."""

    def __init__(self, path: str | Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._held = b""

    def write(self, data: bytes) -> None:
        assert os.write(self._fd, data) == len(data)

    async def read(self, count: int) -> bytes:
        """Exactly `count` bytes; raises TimeoutError if they do not come."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self._held) < count:
                await self._readable()
                self._held += os.read(self._fd, 4096)
        taken, self._held = self._held[:count], self._held[count:]
        return taken

    def waiting(self) -> bytes:
        """Whatever is there now."""
        try:
            data = self._held + os.read(self._fd, 65_536)
        except BlockingIOError:
            data = self._held
        self._held = b""
        return data

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._fd, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)
