"""The gateway's own health, as the city and a technician are told it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.clock import Clock
from agent.errors import OutboxDamaged, OutboxFailed
from agent.outbox.outbox import Outbox
from agent.outbox.runway import RunwayOf
from contract.messages import Backlog, Counts, LogLine, Status

PROGRAM = "nadi-agent 0.1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Makes a status from what the parts say of themselves."""

    outbox: Outbox
    clock: Clock
    started_ms: int
    faults: Callable[[], Iterable[str]]
    runway: RunwayOf
    log: Callable[[], list[LogLine]] = list

    async def status(self) -> Status:
        """The whole status now."""
        sealed = Counts()
        for ledger in self.outbox.ledger.epochs:
            sealed += ledger.counts
        now_ms = self.clock.boot_ms()
        of_card = await self._of_card(now_ms)
        return Status(
            gateway=self.outbox.gateway,
            state="online",
            boot=self.outbox.ledger.current.boot,
            epoch=self.outbox.ledger.current.epoch,
            program=PROGRAM,
            uptime_ms=now_ms - self.started_ms,
            sealed=sealed,
            backlog=of_card.backlog,
            free_bytes=self.outbox.room_bytes,
            outbox_bytes=self.outbox.used_bytes,
            runway_days=of_card.runway_days,
            faults=[fault[:200] for fault in (*of_card.faults, *self.faults())][:100],
            log=self.log() or None,
        )

    async def _of_card(self, now_ms: int) -> "_OfCard":
        """A card that cannot be read takes this out of the status, and not the status."""
        try:
            waiting = await self.outbox.waiting()
            runway_days = await self.runway(waiting)
        except OutboxDamaged:
            raise
        except OutboxFailed as error:
            return _OfCard(faults=(f"outbox: {error}",))
        backlog = Backlog(
            batches=waiting.batches,
            counts=waiting.counts,
            oldest_age_ms=self._age_ms(waiting.oldest_ms, now_ms),
        )
        return _OfCard(backlog=backlog, runway_days=runway_days)

    def _age_ms(self, oldest_ms: int | None, now_ms: int) -> int:
        return 0 if oldest_ms is None else max(now_ms - oldest_ms, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfCard:
    backlog: Backlog | None = None
    runway_days: float | None = None
    faults: tuple[str, ...] = ()


def stopped(status: Status) -> Status:
    """What is said last by an agent that is stopped on purpose."""
    return status.model_copy(update={"state": "stopped"})
