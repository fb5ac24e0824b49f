"""One folder of a stick, asked one step at a time, since it may be pulled out after each."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

BLOCK_BYTES = 256 << 10


class Disk(Protocol):
    """The steps that `Stick` is made of; each raises OSError once the stick is gone."""

    def names(self) -> list[str]:
        """The files that are there."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """What the stick itself holds, and no copy in memory; at most `limit` bytes and one."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """A file with these bytes, flushed; torn if the stick is pulled meanwhile."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, flushed; it takes the place of one that has it."""
        ...

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...

    def free_bytes(self) -> int:
        """How much room there is."""
        ...


class FolderDisk:
    """A real folder, made when something is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """See `Disk`."""
        try:
            return sorted(os.listdir(self._folder))  # noqa: PTH208 a stick has thousands of parts
        except FileNotFoundError:
            return []

    def read(self, name: str, limit: int) -> bytes:
        """See `Disk`; what the kernel remembers of the file is dropped first.

        Nothing is in a link or a pipe: a stick from other hands must not lead us elsewhere.
        """
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno == errno.ELOOP:
                return b""
            raise
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b""
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            return file.read(limit + 1)

    def write(self, name: str, data: bytes) -> None:
        """See `Disk`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).unlink(missing_ok=True)
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            for at in range(0, len(data), BLOCK_BYTES):
                file.write(data[at : at + BLOCK_BYTES])
            file.flush()
            os.fsync(descriptor)

    def rename(self, old: str, new: str) -> None:
        """See `Disk`."""
        (self._folder / old).replace(self._folder / new)
        self._flush()

    def remove(self, name: str) -> None:
        """See `Disk`."""
        (self._folder / name).unlink(missing_ok=True)
        self._flush()

    def free_bytes(self) -> int:
        """See `Disk`."""
        there = next(one for one in (self._folder, *self._folder.parents) if one.exists())
        room = os.statvfs(there)
        return room.f_bavail * room.f_frsize

    def _flush(self) -> None:
        with _opened(self._folder) as folder:
            os.fsync(folder)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
