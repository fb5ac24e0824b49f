"""The production file on a card whose next write can fail, or be the last of its process."""

from collections.abc import Iterable
from pathlib import Path

from agent.errors import OutboxFailed, OutboxFull
from agent.outbox.file import OutboxFile
from agent.outbox.records import Commit, Stored, Tally, Written
from contract.ranges import Range


class Crash(Exception):
    """The process is gone, in the middle of a write to its card."""


class Card:
    """The production file, whose next write can fail or be the process's last."""

    def __init__(self, file: OutboxFile) -> None:
        self.file = file
        self.fate = ""
        self.late: Commit | None = None

    def write(self, commit: Commit) -> Written:
        """As `fate` says: before or after the bytes are there."""
        fate, self.fate = self.fate, ""
        if fate == "crash before":
            raise Crash
        if fate == "full":
            raise OutboxFull("the card is full")
        if fate == "fail after":
            self.late = commit
            raise OutboxFailed("the card does not answer")
        written = self.file.write(commit)
        self.late = None
        if fate == "crash after":
            raise Crash
        return written

    def arrive_late(self, path: Path) -> None:
        """A commit that failed had reached the card all the same; only the next start sees it."""
        if self.late:
            file = OutboxFile(path)
            file.write(self.late)
            file.close()

    def bodies(self, epoch_id: int, numbers: Iterable[Range]) -> list[Stored]:
        """What is on the card."""
        return self.file.bodies(epoch_id, numbers)

    def tally(self, epoch_id: int, numbers: Range) -> Tally:
        """What a range holds."""
        return self.file.tally(epoch_id, numbers)
