"""What must go on for as long as the agent runs is missed as soon as it ends."""

import asyncio
from collections.abc import Collection

from agent.errors import PartEnded


async def until(stop: asyncio.Event, lasting: Collection[asyncio.Task[None]]) -> None:
    """Returns at `stop`; raises PartEnded as soon as one of `lasting` has ended before.

    A group of tasks tells of a member that failed, and not of one that was cancelled.
    """
    stopping = asyncio.create_task(stop.wait())
    try:
        ended, _ = await asyncio.wait({stopping, *lasting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    if not stop.is_set():
        names = ", ".join(sorted(task.get_name() for task in ended))
        raise PartEnded(f"{names}: ended by itself; the agent starts anew")
