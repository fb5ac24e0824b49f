"""A disk that keeps what was flushed; of the rest a power cut keeps, loses, reorders and tears.

SQLite may count on what it counts on from Linux: a flush is a flush, and a write that is cut off
spoils no byte beside it (SQLITE_IOCAP_POWERSAFE_OVERWRITE).
"""

from dataclasses import dataclass, field
from random import Random

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes on their way to the disk."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A new length on its way to the disk."""

    size: int


Change = Write | Truncate


@dataclass(slots=True)
class File:
    """What a reader sees, what is flushed, and what happened since the last flush."""

    seen: bytearray = field(default_factory=bytearray)
    flushed: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)
    named: bool = False  # its name is flushed too
    names_all: bool = False  # its first flush flushes its directory, as SQLite does for a new log

    def change(self, change: Change) -> None:
        """Seen at once, on the disk at some time."""
        apply(self.seen, change)
        self.pending.append(change)

    def flush(self) -> None:
        """From now on a cut takes none of it."""
        for change in self.pending:
            apply(self.flushed, change)
        self.pending.clear()
        self.named = True


class PowerCut(Exception):
    """The power is gone; nothing reaches the disk any more."""


class VolatileDisk:
    """Files in memory; the power goes at the change or flush that `cut_in` counts down to."""

    def __init__(self, *, cut_in: int | None = None) -> None:
        self.files: dict[str, File] = {}
        self.removed: dict[str, File] = {}
        self._cut_in = cut_in
        self.off = False

    def tick(self) -> None:
        """One more thing asked of the disk; raises PowerCut from the last on."""
        if self._cut_in is not None:
            self._cut_in -= 1
            self.off = self.off or self._cut_in < 0
        if self.off:
            raise PowerCut

    def open(self, name: str, *, create: bool, is_log: bool) -> bool:
        """Whether the file is there now."""
        if name not in self.files and create:
            self.files[name] = File(names_all=is_log)
        return name in self.files

    def flush(self, file: File) -> None:
        """What is in it, and its name, survive from now on."""
        file.flush()
        if file.names_all:
            file.names_all = False
            self.removed.clear()
            for one in self.files.values():
                one.named = True

    def remove(self, name: str, *, flush: bool) -> None:
        """Its name goes; without a flush a cut may bring it back."""
        gone = self.files.pop(name, None)
        if gone and gone.named and not flush:
            self.removed[name] = gone

    def copied(self) -> "VolatileDisk":
        """Another disk with the same files, whose power stays on."""
        disk = VolatileDisk()
        for name, file in self.files.items():
            disk.files[name] = File(seen=bytearray(file.seen), named=True)
        return disk

    def after_cut(self, random: Random, *, cut_in: int | None) -> "VolatileDisk":
        """What the next start finds; all of the pending changes, none, or any part of them."""
        disk = VolatileDisk(cut_in=cut_in)
        kept = random.choice((0.0, 0.5, 1.0))
        for name, file in (*self.removed.items(), *self.files.items()):
            came_back = name in self.removed and name not in self.files
            if (came_back or not file.named) and random.random() >= kept:
                continue
            left = survived(file, kept, random)
            disk.files[name] = File(seen=left, flushed=bytearray(left), named=True)
        return disk


def survived(file: File, kept: float, random: Random) -> bytearray:
    """The flushed bytes and a part of the changes since, in any order."""
    left = bytearray(file.flushed)
    changes = [change for change in file.pending if random.random() < kept]
    if random.random() < 0.3:
        random.shuffle(changes)
    for change in changes:
        if isinstance(change, Write) and kept < 1 and random.random() < 0.3:
            tear(left, change, random)
        else:
            apply(left, change)
    return left


def tear(target: bytearray, write: Write, random: Random) -> None:
    """Sector by sector: written, not written, or cut off with noise where it was to be written."""
    for at in range(0, len(write.data), SECTOR):
        part = write.data[at : at + SECTOR]
        match random.randrange(4):
            case 0:
                continue
            case 1:
                cut = random.randrange(len(part) + 1)
                part = part[:cut] + random.randbytes(len(part) - cut)
            case _:
                pass
        apply(target, Write(write.at + at, part))


def apply(target: bytearray, change: Change) -> None:
    """As a file system does: a gap reads as zeros."""
    if isinstance(change, Truncate):
        del target[change.size :]
        target.extend(bytes(change.size - len(target)))
        return
    if change.at > len(target):
        target.extend(bytes(change.at - len(target)))
    target[change.at : change.at + len(change.data)] = change.data
