"""What a look at the gateway found, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at; `next_action` says what to do if it is not ok."""

    id: str
    ok: bool
    found: str
    next_action: str = ""
