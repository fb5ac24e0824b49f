"""`nadi-agent outbox`: from the running agent, which alone holds the file, or from the card."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from agent.asking import ask
from agent.clock import KernelClock, read_boot_id
from agent.errors import AgentError, OutboxDamaged
from agent.language import _
from agent.outbox.account import Accountant
from agent.outbox.file import OutboxFile
from agent.outbox.opening import damage_mark
from agent.outbox.outbox import Outbox
from contract.outbox_report import OutboxReport, Verdict
from contract.settings import AgentSettings

_T = TypeVar("_T")
DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60


def report(settings: AgentSettings) -> OutboxReport:
    """How much waits and how long there is room; raises AgentError in words."""
    said = ask(Path(settings.gateway.socket), {"cmd": "outbox"}, OutboxReport)
    return said or _from_card(settings, _report)


def verify(settings: AgentSettings) -> Verdict:
    """Whether every batch matches its hash; raises AgentError in words."""
    said = ask(Path(settings.gateway.socket), {"cmd": "verify"}, Verdict)
    return said or _from_card(settings, lambda accountant: accountant.verify())


def show_report(said: OutboxReport, *, as_json: bool) -> None:
    """Print it for a person, or as one JSON object."""
    if as_json:
        print(said.model_dump_json())
        return
    waits = f"{said.counts.readings:,} readings and {said.counts.events:,} events"
    age = "of an earlier boot" if said.from_earlier_boot else _span((said.oldest_age_ms or 0) / 1e3)
    print(f"{said.gateway}  {'' if said.running else 'no agent runs; read from the card'}".rstrip())
    print(f"  backlog   {said.batches:,} batches: {waits}, {_size(said.backlog_bytes)}")
    if said.batches:
        print(f"  oldest    {age}")
        slow = "as fast as the link takes it" if said.drain_s is None else _span(said.drain_s)
        print(f"  to drain  {slow}")
    print(f"  on card   {_size(said.used_bytes)} of {_size(said.budget_bytes)} used")
    if said.runway_days is None:
        print("  runway    not known yet: too few rounds were sealed")
    else:
        print(f"  runway    {said.runway_days:,} days at {_size(said.bytes_a_day or 0)} a day")
    for one in said.lost:
        lost = f"{one.counts.readings:,} readings and {one.counts.events:,} events"
        print(f"  lost      {one.batches:,} batches: {lost}: {one.reason}")
    if said.fault:
        print(f"✗ {said.fault}")


def show_verdict(said: Verdict, *, as_json: bool) -> None:
    """Print it for a person, or as one JSON object."""
    if as_json:
        print(said.model_dump_json())
        return
    for one in said.bad:
        print(f"✗ batch {one.n} of epoch {one.epoch} does not match its hash")
    if said.bad:
        print(
            " hint: replace the card soon; when such a batch is sent, the agent salvages the rest"
        )
    else:
        print(f"✓ {said.batches:,} batches match their hashes")


def _from_card(settings: AgentSettings, work: Callable[[Accountant], Awaitable[_T]]) -> _T:
    path = Path(settings.gateway.data_dir) / "outbox.db"
    if not path.exists():
        raise AgentError(
            _("{path}: there is no outbox yet").format(path=path), hint=_("start nadi-agent once")
        )
    if damage_mark(path).exists():
        raise OutboxDamaged(
            _("{path}: found damaged").format(path=path),
            hint=_("start nadi-agent: it salvages the rest"),
        )
    file = OutboxFile(path)
    try:
        return asyncio.run(_account(settings, file, work))
    finally:
        file.close()


async def _account(
    settings: AgentSettings, file: OutboxFile, work: Callable[[Accountant], Awaitable[_T]]
) -> _T:
    contents = file.contents()
    if not contents.epochs:
        raise AgentError(
            _("{path}: nothing was ever sealed in it").format(path=file.path),
            hint=_("start nadi-agent"),
        )
    outbox = Outbox(
        file, contents, gateway=settings.gateway.id, budget_bytes=0, reserve_bytes=0,
        in_thread=_here,
    )  # fmt: skip
    return await work(Accountant(outbox=outbox, file=file, in_thread=_here, settings=settings))


async def _report(accountant: Accountant) -> OutboxReport:
    clock, current = KernelClock(trusted=False), accountant.outbox.ledger.current
    now_ms = clock.boot_ms() if current.boot == read_boot_id() else 0
    return await accountant.report(now_ms=now_ms, running=False)


async def _here(call: Callable[[], _T]) -> _T:
    return call()


def _size(count: int) -> str:
    if count < 1 << 20:
        return f"{count / 1024:,.1f} KiB"
    return f"{count / (1 << 20):,.1f} MiB"


def _span(seconds: float) -> str:
    for unit_s, unit in ((DAY_S, "days"), (HOUR_S, "hours"), (MINUTE_S, "minutes")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:,.1f} {unit}"
    return f"{seconds:,.0f} seconds"
