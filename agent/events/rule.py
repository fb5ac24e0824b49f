"""What a rule is given, and what it says: whether its fault is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from agent.events.condition import Hold
from contract.event_types import EventType


@dataclass(frozen=True, slots=True)
class Seen:
    """One asset's good values of one read, and what is known of its light.

    `dark` is whether it is night; `lit` whether its lamps are fed and should burn.
    None is not known. Both None in the twilight, when lamps may do as they like.
    `unfed` is an open contactor before it, so that no voltage is no fault.
    """

    values: Mapping[str, float]
    at_ms: int
    dark: bool | None = None
    lit: bool | None = None
    unfed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the fault is there, and in words what was seen.

    None is that it cannot be known now, and a fault that was about to begin waits anew.

    A fault with a `count` is told again when its count has changed for good.
    """

    present: bool | None
    detail: str = ""
    count: int = 0


UNKNOWN = Verdict(None)
ABSENT = Verdict(False)


class Rule(Protocol):
    """One fault of one asset; a rule may remember what it saw before."""

    type: EventType
    hold: Hold

    def judge(self, seen: Seen) -> Verdict | None:
        """Called with each read of the asset, in order; None if this read says nothing of it."""
        ...
