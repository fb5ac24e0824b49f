"""An outbox in this process, sealed into by the agent's own code as the agent runs it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from agent.clock import KernelClock, new_token, read_boot_id
from agent.dating import consider
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from contract.identity import Epoch, GatewayId
from contract.messages import EpochReceipt, Receipt
from contract.settings import OutboxSettings

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _In:
    pool: ThreadPoolExecutor

    def __call__(self, call: Callable[[], _T]) -> Awaitable[_T]:
        return asyncio.get_running_loop().run_in_executor(self.pool, call)


@asynccontextmanager
async def outbox_in(
    folder: Path, gateway: GatewayId, settings: OutboxSettings | None = None
) -> AsyncIterator[Outbox]:
    """`folder/outbox.db` with a new epoch that is dated, as `agent.app` opens it."""
    budget = settings or OutboxSettings()
    boot = read_boot_id()
    file, contents = open_outbox(
        folder / "outbox.db", gateway=gateway, epoch=Epoch(new_token()), boot=boot
    )
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="card") as card:
        try:
            outbox = Outbox(
                file,
                contents,
                gateway=gateway,
                budget_bytes=budget.budget_mb << 20,
                reserve_bytes=budget.reserve_free_mb << 20,
                in_thread=_In(card),
            )
            sight = KernelClock(trusted=True).sight()
            if origin := consider(boot, sight, outbox.latest_origin(boot), at_ms=0):
                outbox.date(origin)
            yield outbox
        finally:
            file.close()


def receipt_for(outbox: Outbox) -> Receipt:
    """The city's statement that everything sealed in this run is committed."""
    ledger = outbox.ledger.current
    epoch = EpochReceipt(
        epoch=ledger.epoch, first=1, last=ledger.sealed, committed=[(1, ledger.sealed)]
    )
    version = outbox.ledger.receipt_version + 1
    return Receipt(gateway=outbox.gateway, version=version, epochs=[epoch])
