"""What the outbox holds, how long it can hold, and whether every batch is still what was sealed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.outbox.file import OutboxFile
from agent.outbox.ledger import EpochLedger
from agent.outbox.outbox import InOneThread, Outbox, Waiting
from agent.outbox.runway import DAY_MS, Runway
from contract.codec import Key, sha256_of
from contract.messages import Counts
from contract.outbox_report import MAX_BAD, BadBatch, LossReason, OutboxReport, Verdict
from contract.ranges import Range, RangeSet
from contract.settings import AgentSettings

AT_ONCE = 32  # batches read together, so that memory and the wait of a seal stay small


@dataclass(frozen=True, slots=True, kw_only=True)
class Accountant:
    """Asks the card for what only it knows, in the card's own thread."""

    outbox: Outbox
    file: OutboxFile
    in_thread: InOneThread
    settings: AgentSettings

    async def report(self, *, now_ms: int, running: bool, fault: str = "") -> OutboxReport:
        """The whole account now; `now_ms` is of the boot clock."""
        ledgers = self.outbox.ledger.epochs
        waiting = await self.outbox.waiting()
        backlog = await self._bytes((it, it.open.ranges) for it in ledgers)
        runway = self._runway
        pace = await runway.pace()
        limit = self.settings.uplink.backlog_bytes_s
        return OutboxReport(
            gateway=self.outbox.gateway,
            running=running,
            batches=waiting.batches,
            counts=waiting.counts,
            backlog_bytes=backlog,
            oldest_age_ms=_age_ms(waiting, now_ms),
            from_earlier_boot=waiting.oldest_ms == 0,
            used_bytes=self.outbox.used_bytes,
            budget_bytes=self.settings.outbox.budget_mb << 20,
            free_bytes=max(runway.free_bytes, 0),
            bytes_a_day=round(pace.bytes_a_ms * DAY_MS) if pace else None,
            runway_days=runway.days_beside(backlog, pace) if pace else None,
            drain_s=round(backlog / limit, 1) if limit else None,
            lost=list(_losses(ledgers)),
            fault=fault,
        )

    @property
    def _runway(self) -> Runway:
        return Runway(
            outbox=self.outbox, file=self.file, in_thread=self.in_thread, settings=self.settings
        )

    async def verify(self) -> Verdict:
        """Read every batch on the card and judge it by its hash, number included."""
        read, bad = 0, []
        for ledger in self.outbox.ledger.epochs:
            for numbers in _pieces(ledger.held.ranges):
                count, wrong = await self._judge(ledger, numbers)
                read += count
                bad += wrong
        return Verdict(gateway=self.outbox.gateway, batches=read, bad=bad[:MAX_BAD])

    async def _judge(self, ledger: EpochLedger, numbers: Range) -> tuple[int, list[BadBatch]]:
        stored = await self.in_thread(lambda: self.file.bodies(ledger.id, [numbers]))
        gateway, epoch = self.outbox.gateway, ledger.epoch
        sound = RangeSet.of(
            one.n
            for one in stored
            if sha256_of(Key(gateway=gateway, epoch=epoch, n=one.n), one.body) == one.sha256
        )
        bad = (RangeSet([numbers]) & ledger.held) - sound  # or nowhere to be found
        return len(sound) + len(bad), [BadBatch(epoch=epoch, n=n) for n in bad]

    async def _bytes(self, ledgers: "Iterable[tuple[EpochLedger, tuple[Range, ...]]]") -> int:
        wanted = [(ledger.id, numbers) for ledger, ranges in ledgers for numbers in ranges]
        return await self.in_thread(lambda: sum(self.file.size(*one) for one in wanted))


def _age_ms(waiting: Waiting, now_ms: int) -> int | None:
    """Batches of an earlier boot have no age that its clock could tell."""
    return max(now_ms - waiting.oldest_ms, 0) if waiting.oldest_ms else None


def _losses(ledgers: Iterable[EpochLedger]) -> Iterator[LossReason]:
    batches: dict[str, int] = defaultdict(int)
    counts: dict[str, Counts] = defaultdict(Counts)
    for gone in (gone for ledger in ledgers for gone in ledger.gone if gone.state == "lost"):
        batches[gone.reason] += gone.numbers[1] - gone.numbers[0] + 1
        counts[gone.reason] += gone.counts
    for reason in sorted(batches):
        yield LossReason(reason=reason, batches=batches[reason], counts=counts[reason])


def _pieces(ranges: Iterable[Range]) -> Iterator[Range]:
    for first, last in ranges:
        for at in range(first, last + 1, AT_ONCE):
            yield at, min(at + AT_ONCE - 1, last)
