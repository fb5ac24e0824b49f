"""One link after another until cancelled, and a longer wait after each failure."""

import asyncio
from collections.abc import Awaitable, Callable

from agent.errors import LinkDown
from agent.link import Connector, Link
from agent.uplink import backoff_s
from contract.settings import UplinkSettings

STEADY_S = 10.0  # a link that lasted this long ends the series of failures


async def keep_linked(
    connector: Connector,
    serve: Callable[[Link], Awaitable[None]],
    *,
    down: Callable[[str], None],
    settings: UplinkSettings,
    now_s: Callable[[], float],
    jitter: Callable[[], float],
) -> None:
    """Connect, `serve` until the link ends, tell `down` why, and again."""
    failures = 0
    while True:
        started_s = now_s()
        try:
            async with connector.connect() as link:
                await serve(link)
        except* LinkDown as group:
            down(_first_words(group))
        failures = 1 if now_s() - started_s > STEADY_S else failures + 1
        await asyncio.sleep(backoff_s(failures, settings) * jitter())


def _first_words(group: BaseExceptionGroup[LinkDown]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
