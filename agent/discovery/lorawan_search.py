"""Listens for LoRaWAN uplinks that no driver here reads, where no agent runs that heard them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from agent.clock import Clock
from agent.discovery.line_search import Progress
from agent.discovery.uplinks import described, report_of
from agent.drivers.chirpstack import ChirpStack
from agent.errors import DeviceError
from agent.language import _
from agent.lines import Line, build_lines
from contract.discovery import LorawanReport
from contract.settings import AgentSettings, LorawanSource

TICK_S = 0.5


async def listen_to_lines(
    settings: AgentSettings, *, seconds: int, clock: Clock, progress: Progress
) -> LorawanReport:
    """What the settings' lines hear within `seconds`; raises LineGone."""
    only = settings.model_copy(update={"serial": [], "network": [], "pins": []})
    lines = [line for line in build_lines(only, clock=clock) if line.unread is not None]

    async def look() -> int:
        for line in lines:
            await _read(line)
        return sum(len(line.unread.devices()) for line in lines if line.unread)

    try:
        await _listen(look, seconds=seconds, clock=clock, progress=progress)
    finally:
        for line in lines:
            await line.close()
    return report_of(lines)


async def listen_to_application(
    source: LorawanSource, *, seconds: int, clock: Clock, progress: Progress
) -> LorawanReport:
    """Every device that is heard in one application within `seconds`; raises LineGone."""
    stack = ChirpStack(source, clock=clock)

    async def look() -> int:
        await stack.listen()
        return len(stack.unread.devices())

    try:
        await _listen(look, seconds=seconds, clock=clock, progress=progress)
    finally:
        await stack.close()
    found = [described(device, source.name, "") for device in stack.unread.devices()]
    return LorawanReport(lines=[source.name], found=found)


async def _listen(
    look: Callable[[], Awaitable[int]], *, seconds: int, clock: Clock, progress: Progress
) -> None:
    began_ms = clock.boot_ms()
    while (gone_ms := clock.boot_ms() - began_ms) < seconds * 1_000:
        count = await look()
        progress(
            gone_ms // 1_000,
            seconds,
            _("listening, {count} devices to look at").format(count=count),
        )
        await asyncio.sleep(TICK_S)
    await look()


async def _read(line: Line) -> None:
    for device in line.devices:
        with contextlib.suppress(DeviceError):
            await device.driver.read()
