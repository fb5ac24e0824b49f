"""How a command ends: a code for scripts, facts for programs, and what is still to be done."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

SCHEMA = 1


class Exit(IntEnum):
    """What the process says to its caller."""

    DONE = 0  # or queued
    BUG = 1
    USAGE = 2
    CANCELLED = 3
    FAULT = 4  # it looked, and found something wrong
    REFUSED = 5  # or in conflict with what is there
    TIMEOUT = 6
    DENIED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one command, the same in every language."""

    code: str = "done"
    exit: Exit = Exit.DONE
    result: Mapping[str, Any] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    error: Mapping[str, str] | None = None

    def document(self) -> str:
        """One JSON document."""
        whole = {
            "schema": SCHEMA,
            "ok": self.exit is Exit.DONE,
            "code": self.code,
            "exit": int(self.exit),
            "pending": list(self.pending),
            "next": list(self.next),
            "result": self.result,
        }
        if self.error is not None:
            whole["error"] = dict(self.error)
        return json.dumps(whole, ensure_ascii=False, indent=2)


DONE, ALREADY, PLANNED = "done", "already", "planned"
