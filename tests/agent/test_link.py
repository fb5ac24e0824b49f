"""Waiting for the broker's answer ends with the link, whatever comes at the same moment."""

import asyncio

import pytest

from agent.link import told_in_time


@pytest.mark.parametrize("turns", range(4))
async def test_a_puback_at_the_moment_of_a_cancel_does_not_swallow_it(turns: int) -> None:
    confirmed = asyncio.Event()
    waiting = asyncio.create_task(told_in_time(confirmed))
    await asyncio.sleep(0)
    confirmed.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    if waiting.cancel():
        with pytest.raises(asyncio.CancelledError):
            await waiting
