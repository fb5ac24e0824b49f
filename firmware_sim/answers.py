"""Every answer a device gave, written down with the values its bytes carried."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from firmware_sim.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The bytes a healthy device would send, and the values in them as its registers hold them."""

    frame: bytes
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One reply that left, or would have left but for `fault`; times are CLOCK_BOOTTIME in ms.

    `asked_at_ms` is None for a sensor that sends unasked; `given_at_ms` is right before the
    last byte left, for fault "lose" before the first would have: whoever heard it heard it later.
    """

    device: str
    asset: str
    asked_at_ms: int | None
    given_at_ms: int
    values: Mapping[str, float]
    fault: Fault | None


class Record(Protocol):
    """Where answers are noted."""

    def note(self, answer: Answer) -> None:
        """Keeps `answer`; it is readable by others when this returns."""


class FileRecord:
    """Appends one JSON line per answer to a file and flushes it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def note(self, answer: Answer) -> None:
        self._file.write(json.dumps(asdict(answer), separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class AnswerList:
    """Keeps answers in memory, for tests."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def note(self, answer: Answer) -> None:
        self.answers.append(answer)


class NoRecord:
    """Forgets every answer."""

    def note(self, answer: Answer) -> None:
        pass
