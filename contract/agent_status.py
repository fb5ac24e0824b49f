"""What the running agent says of itself at its socket, and of one reading on its way."""

from typing import Annotated, Literal

from pydantic import Field

from contract.identity import BootField, EpochField, GatewayField
from contract.live import LiveReading, Shown
from contract.messages import Backlog, Counts

Way = Literal["waiting", "sent", "acknowledged", "committed", "rejected", "lost"]


class LinkReport(Shown):
    """The way to the broker; `receipt_age_s` is None until the first receipt of this run.

    `answered`: a receipt heard over it names this run's epoch, which the city knows from this run.
    """

    up: bool
    for_s: float
    reason: str = ""
    in_flight: int = 0
    receipt_age_s: float | None = None
    answered: bool = False


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


class Traced(Shown):
    """The answer to `trace`: a device was read and its readings sealed at once in batch `n`.

    Without `n` there is no batch: the reading has a fault or nothing new, or `fault` says why.
    """

    reading: LiveReading
    epoch: EpochField | None = None
    n: int | None = None
    fault: str = ""


class Fate(Shown):
    """The answer to `fate`: how far one batch has come; `committed` is the city's own word."""

    way: Way
    link: LinkReport
