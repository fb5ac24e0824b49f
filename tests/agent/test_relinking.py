"""Whatever a link ends with, and whatever the next attempt meets, another one follows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt

from agent.errors import LinkDown
from agent.link import FakeLink, Link
from agent.mqtt_client import Client
from agent.relinking import keep_linked
from contract.settings import UplinkSettings


class BrokerThatFallsSilent:
    """The first link breaks, the next attempt gets no answer, the third is there."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.attempts = 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        """By a real client where nothing answers."""
        self.attempts += 1
        if self.attempts == 2:
            try:
                await Client("127.0.0.1", self._port, timeout=0.05).__aenter__()
            except aiomqtt.MqttError as error:
                raise LinkDown(str(error)) from error
        yield FakeLink()


async def test_a_broker_that_does_not_answer_after_a_link_broke_is_asked_again() -> None:
    async def breaks() -> None:
        raise LinkDown("the fibre is cut")

    async def serve(_: Link) -> None:
        if broker.attempts == 3:
            there.set()
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(breaks())

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        closed.set()

    there, closed, why = asyncio.Event(), asyncio.Event(), list[str]()
    async with await asyncio.start_server(says_nothing, "127.0.0.1", 0) as server:
        broker = BrokerThatFallsSilent(server.sockets[0].getsockname()[1])
        linked = asyncio.create_task(
            keep_linked(
                broker, serve, down=why.append, settings=UplinkSettings(),
                now_s=asyncio.get_running_loop().time, jitter=lambda: 0.0,
            )
        )  # fmt: skip
        reached = asyncio.create_task(there.wait())
        await asyncio.wait({linked, reached}, return_when=asyncio.FIRST_COMPLETED)
        assert there.is_set()
        assert why == ["the fibre is cut", "no answer in time"]
        await closed.wait()
        linked.cancel()
