"""What one look found: a state, words, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check turned out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A look's result; `next_action` says what to do where that is not nothing."""

    state: State
    found: str
    next_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check that was made, or why it was not."""

    id: str
    seen: Seen
    seconds: float


def good(found: str) -> Seen:
    """As it should be."""
    return Seen(state=State.OK, found=found)


def doubtful(found: str, next_action: str) -> Seen:
    """To be looked at, and nothing is lost."""
    return Seen(state=State.WARN, found=found, next_action=next_action)


def bad(found: str, next_action: str) -> Seen:
    """To be mended."""
    return Seen(state=State.FAIL, found=found, next_action=next_action)


def skipped(found: str, next_action: str = "") -> Seen:
    """Not looked at."""
    return Seen(state=State.SKIP, found=found, next_action=next_action)
