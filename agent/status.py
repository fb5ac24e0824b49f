"""The gateway's own health, as the city and a technician are told it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.clock import Clock
from agent.outbox.outbox import Outbox
from agent.outbox.runway import RunwayOf
from contract.messages import Backlog, Counts, Status

PROGRAM = "nadi-agent 0.1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Makes a status from what the parts say of themselves."""

    outbox: Outbox
    clock: Clock
    started_ms: int
    faults: Callable[[], Iterable[str]]
    runway: RunwayOf

    async def status(self) -> Status:
        """The whole status now."""
        backlog, sealed = await self.outbox.waiting(), Counts()
        for ledger in self.outbox.ledger.epochs:
            sealed += ledger.counts
        now_ms = self.clock.boot_ms()
        return Status(
            gateway=self.outbox.gateway,
            state="online",
            boot=self.outbox.ledger.current.boot,
            epoch=self.outbox.ledger.current.epoch,
            program=PROGRAM,
            uptime_ms=now_ms - self.started_ms,
            sealed=sealed,
            backlog=Backlog(
                batches=backlog.batches,
                counts=backlog.counts,
                oldest_age_ms=self._age_ms(backlog.oldest_ms, now_ms),
            ),
            free_bytes=self.outbox.room_bytes,
            outbox_bytes=self.outbox.used_bytes,
            runway_days=await self.runway(backlog),
            faults=[fault[:200] for fault in self.faults()][:100],
        )

    def _age_ms(self, oldest_ms: int | None, now_ms: int) -> int:
        return 0 if oldest_ms is None else max(now_ms - oldest_ms, 0)


def stopped(status: Status) -> Status:
    """What is said last by an agent that is stopped on purpose."""
    return status.model_copy(update={"state": "stopped"})
