"""For how long the card can hold what comes, at the pace of the last hour."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.outbox.file import OutboxFile
from agent.outbox.outbox import InOneThread, Outbox, Waiting
from agent.outbox.records import Pace
from contract.settings import AgentSettings

DAY_MS = 86_400_000
PACE_BATCHES = 360  # an hour of rounds

RunwayOf = Callable[[Waiting], Awaitable[float | None]]  # days; None while no pace is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Runway:
    """How long a backlog may grow; asked for with every status, so it reads an hour at most."""

    outbox: Outbox
    file: OutboxFile
    in_thread: InOneThread
    settings: AgentSettings

    async def pace(self) -> Pace | None:
        """Of this run's newest rounds."""
        current = self.outbox.ledger.current.id
        return await self.in_thread(lambda: self.file.pace(current, PACE_BATCHES))

    async def days(self, waiting: Waiting) -> float | None:
        """A backlog of many batches is taken to be of ones like the newest."""
        pace = await self.pace()
        if pace is None:
            return None
        return self.days_beside(round(waiting.batches * pace.batch_bytes), pace)

    def days_beside(self, backlog_bytes: int, pace: Pace) -> float:
        """With so much of the card taken by what cannot go."""
        budget = self.settings.outbox.budget_mb << 20
        free = self.free_bytes + self.outbox.used_bytes
        room = max(min(budget, free) - backlog_bytes, 0)
        return round(room / (pace.bytes_a_ms * DAY_MS), 1)

    @property
    def free_bytes(self) -> int:
        """Of the card, without what is left to others; below 0 if they have taken of it."""
        return self.outbox.room_bytes - (self.settings.outbox.reserve_free_mb << 20)
