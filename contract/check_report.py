"""What `nadi-agent check` found, for a person and for `nadi`."""

from typing import Annotated, Literal

from pydantic import Field

from contract.live import Shown


class Finding(Shown):
    """One thing looked at; `next_action` says what to do if it is not ok."""

    id: str
    ok: bool
    found: str
    next_action: str = ""


class CheckReport(Shown):
    """Everything that a gateway needs before it runs, local things first, the broker last."""

    version: Annotated[Literal[1], Field(alias="schema")] = 1
    findings: list[Finding]
