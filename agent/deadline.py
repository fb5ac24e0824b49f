"""A limit on how long something may take, which is always told as TimeoutError."""

import asyncio
from types import TracebackType


class Deadline:
    """asyncio.timeout, true also on Python before 3.11.3 in a task that a TaskGroup has cancelled.

    There a group whose member failed leaves its mark in the task, and every later timeout of that
    task ends it with CancelledError: nobody hears of it, and what the task was for is never done
    again.
    """

    __slots__ = ("_cancels", "_task", "_timeout")

    def __init__(self, delay_s: float | None) -> None:
        """None is no limit; what is not above 0 passes at the first wait."""
        self._timeout = asyncio.timeout(delay_s)

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancels = task, task.cancelling()
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._timeout.__aexit__(kind, error, trace)
        if (
            kind is asyncio.CancelledError
            and self._timeout.expired()
            and self._task.cancelling() <= self._cancels
        ):
            raise TimeoutError
