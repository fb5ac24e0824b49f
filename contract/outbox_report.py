"""What an outbox holds and how long it can hold, as a technician is told it."""

from typing import Annotated

from pydantic import Field

from contract.identity import EpochField, GatewayField
from contract.live import Shown
from contract.messages import Counts

MAX_BAD = 1_000


class LossReason(Shown):
    """All that was given up for one reason."""

    reason: str
    batches: int
    counts: Counts


class OutboxReport(Shown):
    """Bytes are of the card; without a pace, as on a card of one round, nothing is foretold.

    `oldest_age_ms` is None if there is no backlog, or its oldest batch is from an earlier boot;
    `drain_s` is None where the backlog may be sent as fast as the link takes it.
    """

    gateway: GatewayField
    running: bool
    batches: int
    counts: Counts
    backlog_bytes: int
    oldest_age_ms: int | None
    from_earlier_boot: bool
    used_bytes: int
    budget_bytes: int
    free_bytes: int
    bytes_a_day: int | None
    runway_days: float | None
    drain_s: float | None
    lost: list[LossReason]
    fault: str = ""


class BadBatch(Shown):
    """A batch whose bytes are not those that were sealed under its number."""

    epoch: EpochField
    n: int


class Verdict(Shown):
    """How many batches were read, and which of them do not match their hash; at most MAX_BAD."""

    gateway: GatewayField
    batches: int
    bad: Annotated[list[BadBatch], Field(max_length=MAX_BAD)]
