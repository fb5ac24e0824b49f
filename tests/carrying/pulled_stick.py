"""A stick that can be pulled out at any moment, and keeps what sticks keep then."""

import errno
from collections.abc import Callable
from pathlib import Path
from random import Random

BLOCK = 4_096


class PulledStick:
    """One folder of it, as `agent.carrying.disk.Disk`; each step and each block is a moment.

    What was not flushed when it was pulled may be there, be torn, be zeroes or be missing; a rename
    may have happened or not, or have taken its target away.
    """

    def __init__(self, random: Random) -> None:
        self.files: dict[str, bytes] = {}
        self.moments = 0
        self.room_bytes = 1 << 40
        self._random = random
        self._pull_at: int | None = None

    def put_in(self, *, pull_after: int | None) -> None:
        """From now on it works, for so many moments or for ever."""
        self.moments, self._pull_at = 0, pull_after

    def dump(self, folder: Path) -> None:
        """The same files on a computer in the city."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, data in self.files.items():
            (folder / name).write_bytes(data)

    def load(self, folder: Path) -> None:
        """What the city left on it."""
        self.files = {one.name: one.read_bytes() for one in folder.iterdir()}

    def names(self) -> list[str]:
        self._moment()
        return sorted(self.files)

    def read(self, name: str, limit: int) -> bytes:
        self._moment()
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return self.files[name][: limit + 1]

    def write(self, name: str, data: bytes) -> None:
        if len(data) > self.free_bytes():
            raise OSError(errno.ENOSPC, "no space left", name)
        for _ in range(0, max(len(data), 1), BLOCK):
            self._moment(lambda: self._tear(name, data))
        self._moment(lambda: self._tear(name, data))
        self.files[name] = data

    def rename(self, old: str, new: str) -> None:
        self._moment(lambda: self._half_rename(old, new))
        self.files[new] = self.files.pop(old)

    def remove(self, name: str) -> None:
        self._moment(lambda: self._maybe(lambda: self.files.pop(name, None)))
        self.files.pop(name, None)

    def free_bytes(self) -> int:
        return self.room_bytes - sum(map(len, self.files.values()))

    def _moment(self, spoil: Callable[[], object] = lambda: None) -> None:
        if self._pull_at is not None and self.moments >= self._pull_at:
            if self.moments == self._pull_at:
                spoil()
            self.moments += 1
            raise OSError(errno.EIO, "the stick is gone")
        self.moments += 1

    def _tear(self, name: str, data: bytes) -> None:
        keep = int(self._random.random() * (len(data) + 1))  # signatures differ in length
        torn = (None, data[:keep], data[:keep] + bytes(len(data) - keep), data)
        there = self._random.choice(torn)
        if there is not None:
            self.files[name] = there

    def _half_rename(self, old: str, new: str) -> None:
        fate = self._random.choice(("before", "after", "target gone", "zeroes"))
        if fate == "after":
            self.files[new] = self.files.pop(old)
        elif fate == "target gone":
            self.files.pop(new, None)
        elif fate == "zeroes":
            self.files[new] = bytes(len(self.files.pop(old)))

    def _maybe(self, act: Callable[[], object]) -> None:
        if self._random.random() < 0.5:
            act()
