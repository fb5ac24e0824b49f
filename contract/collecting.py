"""What `nadi-agent export` tells whoever runs it: how far it is, then how it ended."""

from typing import Annotated, Literal

from pydantic import Field

from contract.identity import GatewayField
from contract.live import Shown

Words = Annotated[str, Field(max_length=500)]


class Progress(Shown):
    """So many of the batches that this visit is to look at or copy."""

    step: Literal["check", "copy"]
    done: int
    total: int


class Collected(Shown):
    """What is on the stick now; copying alone settles nothing.

    `receipt` says what became of the city's answer, if one was on the stick: `applied`, or
    `refused` for the reason in `refused`. `damaged` are files that are not what was written.
    """

    gateway: GatewayField
    copied: int
    readings: int
    events: int
    on_stick: int
    waiting: int
    running: bool
    receipt: Literal["none", "applied", "refused"] = "none"
    refused: Words = ""
    closed: int = 0
    freed: int = 0
    damaged: list[Words] = []


Fault = Literal[
    "full", "read-only", "gone", "denied", "other-city", "no-stick", "own-card", "gateway"
]


class Stopped(Shown):
    """Why it could not go on; what was copied whole stays good, and nothing was settled by it."""

    fault: Fault
    what: Words
    hint: Words = ""
    copied: int = 0
    left: int = 0


class Said(Shown):
    """One line of `nadi-agent export --json`; exactly one of the three."""

    progress: Progress | None = None
    collected: Collected | None = None
    stopped: Stopped | None = None
