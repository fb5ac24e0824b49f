"""What the running agent says of itself at its socket."""

from typing import Annotated

from pydantic import Field

from contract.identity import BootField, EpochField, GatewayField
from contract.live import Shown
from contract.messages import Backlog, Counts


class LinkReport(Shown):
    """The way to the broker; `receipt_age_s` is None until the first receipt of this run."""

    up: bool
    for_s: float
    reason: str = ""
    in_flight: int = 0
    receipt_age_s: float | None = None


class AgentStatus(Shown):
    """The answer to `status`; `faults` are the lines and devices that give nothing now."""

    gateway: GatewayField
    boot: BootField
    epoch: EpochField
    program: str
    uptime_ms: int
    sealed: Counts
    backlog: Backlog
    free_bytes: int
    outbox_bytes: int
    faults: Annotated[list[str], Field(max_length=100)] = []
    rounds: int
    link: LinkReport
