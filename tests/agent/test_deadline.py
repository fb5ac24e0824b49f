"""What takes too long is told as TimeoutError, whatever the task went through before."""

import asyncio

import pytest

from agent.deadline import Deadline


async def fails() -> None:
    raise OSError("the fibre is cut")


async def a_group_whose_member_fails() -> None:
    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())


async def test_what_takes_too_long_is_told_as_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with Deadline(0):
            await asyncio.Event().wait()


async def test_so_it_is_in_a_task_whose_group_has_failed_before() -> None:
    await a_group_whose_member_fails()
    with pytest.raises(TimeoutError):
        async with Deadline(0):
            await asyncio.Event().wait()


async def test_a_cancel_that_comes_while_it_passes_stays_a_cancel() -> None:
    async def waits() -> None:
        await a_group_whose_member_fails()
        started.set()
        async with Deadline(0):
            await asyncio.Event().wait()

    started = asyncio.Event()
    task = asyncio.create_task(waits())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_what_is_limited_stays_that_error() -> None:
    with pytest.raises(OSError, match="the fibre is cut"):
        async with Deadline(None):
            await fails()
