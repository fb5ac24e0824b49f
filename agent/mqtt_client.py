"""An MQTT client whose waits end with the task that waits, whatever comes at the same moment."""

import asyncio
from collections.abc import Awaitable
from typing import Self, TypeVar

import aiomqtt

from agent.deadline import Deadline

_T = TypeVar("_T")


class Client(aiomqtt.Client):
    """aiomqtt without asyncio.wait_for, which before Python 3.12 may swallow a cancel.

    Then a link goes on without what it is for: nothing is sent or heard, and nobody connects anew.
    """

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except (aiomqtt.MqttError, asyncio.CancelledError):
            self._client.disconnect()  # else its socket stays open until no ping is answered
            raise

    async def _wait_for(self, fut: Awaitable[_T], timeout: float | None) -> _T:
        try:
            async with Deadline(self.timeout if timeout is None else timeout):
                return await fut
        except TimeoutError:
            raise aiomqtt.MqttError("no answer in time") from None
