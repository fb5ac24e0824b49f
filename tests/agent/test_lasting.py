"""A part that lasts as long as the agent is missed as soon as it ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from agent.errors import PartEnded
from agent.lasting import until


async def lasts() -> None:
    await asyncio.Event().wait()


async def test_a_part_that_was_cancelled_by_nobody_is_missed() -> None:
    async def two_parts() -> None:
        async with asyncio.TaskGroup() as group:
            link = group.create_task(lasts(), name="link")
            other = group.create_task(lasts())
            asyncio.get_running_loop().call_soon(link.cancel)
            await until(asyncio.Event(), [link, other])

    (missed,) = (await failure_of(two_parts())).exceptions
    assert isinstance(missed, PartEnded)
    assert str(missed) == "link: ended by itself; the agent starts anew"


async def test_a_part_that_fails_is_told_with_its_own_error() -> None:
    async def fails() -> None:
        raise OSError("the card is gone")

    async def one_part() -> None:
        async with asyncio.TaskGroup() as group:
            await until(asyncio.Event(), [group.create_task(fails())])

    (missed,) = (await failure_of(one_part())).exceptions
    assert str(missed) == "the card is gone"


async def failure_of(work: Coroutine[Any, Any, None]) -> ExceptionGroup[Exception]:
    with pytest.raises(ExceptionGroup) as caught:
        await work
    return caught.value


async def test_whoever_is_told_to_stop_stops() -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        part = group.create_task(lasts())
        asyncio.get_running_loop().call_soon(stop.set)
        await until(stop, [part])
        part.cancel()
