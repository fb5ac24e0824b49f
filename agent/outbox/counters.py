"""What each epoch sealed is also counted beside the outbox: were it destroyed, its numbers remain.

A commit is followed by one write in place that is not flushed: a killed agent loses no count, a
power cut at most those of the half minute that the kernel keeps a write to itself.
"""

import contextlib
import logging
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.outbox.records import EpochRecord, NewBatch
from contract.identity import BootId, Epoch
from contract.messages import MAX_EPOCHS, MAX_NUMBER, Counts, Parent

LINE_BYTES = 160
LINE = re.compile(
    r"(?P<id>\d{1,7}) (?P<epoch>[0-9a-f]{16}) (?P<boot>[0-9a-f]{16})"
    r" (?P<parent>[0-9a-f]{16}|-) (?P<parent_n>\d{1,13})"
    r" (?P<sealed>\d{1,13}) (?P<readings>\d{1,16}) (?P<events>\d{1,16}) (?P<check>[0-9a-f]{8}) *\n"
)
LOG = logging.getLogger("nadi.outbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All that one epoch ever sealed; `id` is its row in the outbox."""

    id: int
    epoch: Epoch
    boot: BootId
    parent: Parent | None
    sealed: int
    counts: Counts


class Counters:
    """The file beside the outbox; it never fails the outbox itself."""

    def __init__(self, outbox: Path) -> None:
        self._path = counters_path(outbox)
        self._file: int | None = None
        self._current: Counted | None = None
        self._slots = 0  # the line of the epoch being sealed; it has two, so that one is whole

    def begin(self, epochs: Sequence[EpochRecord]) -> None:
        """Write down the newest epochs, durably; the last one grows from now on."""
        counted = [_counted(record) for record in epochs[-MAX_EPOCHS:]]
        self.close()
        try:
            _replace(self._path, [*counted, counted[-1]])
            self._file = os.open(self._path, os.O_WRONLY)
        except OSError as error:
            LOG.warning("nothing counts beside the outbox reason=%s", error)
            return
        self._current, self._slots = counted[-1], len(counted) - 1

    def sealed(self, batch: NewBatch) -> None:
        """A batch is durable in the outbox."""
        if self._file is None or self._current is None or batch.epoch_id != self._current.id:
            return
        current = self._current
        self._current = Counted(
            id=current.id, epoch=current.epoch, boot=current.boot, parent=current.parent,
            sealed=batch.n, counts=batch.before + batch.counts,
        )  # fmt: skip
        line = self._slots + batch.n % 2
        with contextlib.suppress(OSError):
            os.pwrite(self._file, _line(self._current), line * LINE_BYTES)

    def close(self) -> None:
        """Flush what was counted."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fdatasync(self._file)
            with contextlib.suppress(OSError):  # the descriptor is gone all the same
                os.close(self._file)
            self._file = None


def counters_path(outbox: Path) -> Path:
    """Beside the outbox."""
    return outbox.with_name(f"{outbox.name}.counters")


def read_counters(outbox: Path) -> list[Counted]:
    """What can be believed of the file, the oldest epoch first; nothing if there is none."""
    text = _text(outbox)
    newest: dict[Epoch, Counted] = {}
    for at in range(0, len(text), LINE_BYTES):
        counted = _read(text[at : at + LINE_BYTES])
        if counted and counted.sealed >= newest.get(counted.epoch, counted).sealed:
            newest[counted.epoch] = counted
    return sorted(newest.values(), key=lambda counted: counted.id)


def _text(outbox: Path) -> bytes:
    """A card that fails once is asked again: these numbers are all that a torn outbox may leave."""
    for _ in range(2):
        with contextlib.suppress(OSError), counters_path(outbox).open("rb") as file:
            return file.read((MAX_EPOCHS + 2) * LINE_BYTES)
    return b""


def _counted(record: EpochRecord) -> Counted:
    return Counted(
        id=record.id, epoch=record.epoch, boot=record.boot, parent=record.parent,
        sealed=record.sealed, counts=record.counts,
    )  # fmt: skip


def _replace(path: Path, lines: Iterable[Counted]) -> None:
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(b"".join(map(_line, lines)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _line(counted: Counted) -> bytes:
    parent = counted.parent
    words = (
        f"{counted.id} {counted.epoch} {counted.boot}"
        f" {parent.epoch if parent else '-'} {parent.n if parent else 0}"
        f" {counted.sealed} {counted.counts.readings} {counted.counts.events}"
    )
    return f"{words} {_check(words)}".ljust(LINE_BYTES - 1).encode() + b"\n"


def _check(words: str) -> str:
    return f"{zlib.crc32(words.encode()):08x}"


def _read(line: bytes) -> Counted | None:
    found = LINE.fullmatch(line.decode("ascii", "replace"))
    if not found or _check(found.string[: found.start("check") - 1]) != found["check"]:
        return None
    parent = None
    if found["parent"] != "-":
        parent = Parent(epoch=Epoch(found["parent"]), n=int(found["parent_n"]))
    if int(found["sealed"]) > MAX_NUMBER:
        return None
    return Counted(
        id=int(found["id"]), epoch=Epoch(found["epoch"]), boot=BootId(found["boot"]), parent=parent,
        sealed=int(found["sealed"]),
        counts=Counts(readings=int(found["readings"]), events=int(found["events"])),
    )  # fmt: skip
