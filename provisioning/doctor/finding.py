"""What one look found: a state, words in any language, and what to do about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provisioning.errors import Trouble
from provisioning.language import Marked, _

COMMAND = re.compile(r"`([^`]+)`")


class State(StrEnum):
    """How a check turned out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One sentence with the values of this time, in English for programs and as it is spoken."""

    message: Marked
    values: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def english(self) -> str:
        """For programs."""
        return self.message.format(**self.values)

    def said(self) -> str:
        """For the person."""
        values = {
            name: _(value) if isinstance(value, Marked) else value
            for name, value in self.values.items()
        }
        return _(self.message).format(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A look's result; what is a warning or a failure is one of the known troubles."""

    state: State
    words: Words | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check that was made, or why it was not."""

    id: str
    seen: Seen
    seconds: float

    @property
    def state(self) -> State:
        """How it turned out."""
        return self.seen.state

    @property
    def code(self) -> str:
        """What is read out on the telephone."""
        return self.seen.trouble.known.code if self.seen.trouble else ""

    @property
    def commands(self) -> tuple[str, ...]:
        """What can be typed to mend it."""
        return tuple(COMMAND.findall(self.seen.trouble.hint)) if self.seen.trouble else ()

    def fact(self) -> dict[str, Any]:
        """For programs, the same in every language."""
        trouble, words = self.seen.trouble, self.seen.words
        fact: dict[str, Any] = {
            "id": self.id,
            "state": self.state,
            "evidence": str(trouble) if trouble else words.english if words else "",
            "fix": {
                "text": COMMAND.sub(r"\1", trouble.hint) if trouble else "",
                "commands": list(self.commands),
            },
            "seconds": round(self.seconds, 3),
        }
        if trouble:
            fact |= {"code": self.code, "safe": trouble.outcome().error["safe"]}  # type: ignore[index]  # a trouble's always has it
        return fact


def good(message: Marked, **values: str | int) -> Seen:
    """As it should be."""
    return Seen(state=State.OK, words=Words(message=message, values=values))


def bad(code: str, **values: str | int) -> Seen:
    """Something is to be mended."""
    return Seen(state=State.FAIL, trouble=Trouble(code, **values))


def doubtful(code: str, **values: str | int) -> Seen:
    """It works, and somebody should look."""
    return Seen(state=State.WARN, trouble=Trouble(code, **values))


def skipped(message: Marked, **values: str | int) -> Seen:
    """It could not be looked at, and why."""
    return Seen(state=State.SKIP, words=Words(message=message, values=values))
