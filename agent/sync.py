"""Keeps the city and the outbox in step: connects, sends as the uplink says, believes receipts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from agent.deadline import Deadline
from agent.errors import OutboxDamaged, OutboxFailed
from agent.link import Connector, Link, Post
from agent.outbox.outbox import Batch, Outbox
from agent.relinking import keep_linked
from agent.uplink import Name, Order, Uplink, by_epoch
from contract.codec import Header, decode_statement, encode_header, encode_model
from contract.errors import MessageError
from contract.identity import Lane
from contract.messages import Receipt, Status
from contract.settings import UplinkSettings
from contract.topics import Topics

LOG = logging.getLogger("nadi.link")
READ_AHEAD = 64  # batches read from the card at once, so that memory stays bounded


@dataclass(frozen=True, slots=True)
class LinkState:
    """What a person is shown of the link."""

    up: bool
    since_s: float
    reason: str


class Synchroniser:
    """Runs one link after another until cancelled."""

    def __init__(
        self,
        *,
        connector: Connector,
        outbox: Outbox,
        uplink: Uplink,
        topics: Topics,
        settings: UplinkSettings,
        status: Callable[[], Awaitable[Status]],
        now_s: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self._connector = connector
        self._outbox = outbox
        self._uplink = uplink
        self._topics = topics
        self._settings = settings
        self._status = status
        self._now_s = now_s
        self._jitter = jitter
        self._wake = asyncio.Event()
        self._restate = asyncio.Event()
        self._unreadable = False
        self.state = LinkState(up=False, since_s=now_s(), reason="not connected yet")
        self.receipted_s: float | None = None
        self.is_answered = False

    def sealed(self, name: Name) -> None:
        """A batch is durable: send it while it is fresh."""
        self._uplink.sealed(name, self._now_s())
        self._wake.set()

    def closed(self) -> None:
        """The outbox has believed a receipt, whichever way it came."""
        self._uplink.receipted(self._now_s())
        self._wake.set()

    def restate(self) -> None:
        """Something a person should see has changed: publish the statements soon."""
        self._restate.set()

    async def run(self) -> None:
        """Until cancelled."""
        await keep_linked(
            self._connector,
            self._serve,
            down=self._note_down,
            settings=self._settings,
            now_s=self._now_s,
            jitter=self._jitter,
        )

    async def _serve(self, link: Link) -> None:
        self._uplink.link_up(self._now_s())
        try:
            await self._publish_statements(link)
            self._note_up()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear(link), name="hear")
                tasks.create_task(self._send(link, tasks), name="send")
                tasks.create_task(self._state(link), name="state")
        finally:
            self._uplink.link_down()

    async def _hear(self, link: Link) -> None:
        async for payload in link.messages():
            try:
                receipt = decode_statement(Receipt, payload)
            except MessageError as error:
                LOG.warning("receipt not understood, kept everything reason=%s", error)
                continue
            if receipt.gateway == self._outbox.gateway:
                with self._reading_the_card():
                    await self._outbox.settle(receipt)
                self.receipted_s = self._now_s()
                self.is_answered = self.is_answered or self._names_this_run(receipt)
                self.closed()

    def _names_this_run(self, receipt: Receipt) -> bool:
        return self._outbox.ledger.current.epoch in (told.epoch for told in receipt.epochs)

    async def _send(self, link: Link, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            for chunk in _chunks(self._uplink.plan(self._now_s()), READ_AHEAD):
                for batch, order in await self._read(chunk):
                    tasks.create_task(self._post(link, batch, order))
            await self._sleep_until(self._uplink.wake_s(self._now_s()))

    async def _read(self, orders: list[Order]) -> list[tuple[Batch, Order]]:
        """The bytes of these orders, in the order of the orders."""
        found: dict[Name, Batch] = {}
        for epoch, numbers in by_epoch(orders).items():
            with self._reading_the_card():
                batches = await self._outbox.batches(epoch, numbers)
                found |= {Name(epoch, batch.key.n): batch for batch in batches}
        for order in orders:
            if order.name not in found:
                self._uplink.missing(order.name)
        return [(found[order.name], order) for order in orders if order.name in found]

    async def _post(self, link: Link, batch: Batch, order: Order) -> None:
        header = Header(
            key=batch.key, sha256=batch.sha256, origin=self._outbox.origins.get(batch.boot)
        )
        self._uplink.spent(order.lane, len(batch.body))
        refusal = await link.publish(
            Post(
                topic=self._topics.batch(batch.key.gateway, order.lane),
                payload=batch.body,
                properties=encode_header(header),
            )
        )
        if refusal is None:
            self._uplink.acknowledged(order.name)
        else:
            self._note_refusal(refusal)
            self._uplink.refused(order.name, self._now_s())
        if refusal or order.lane is not Lane.BACKLOG:
            self._wake.set()

    async def _state(self, link: Link) -> None:
        while True:
            try:
                async with Deadline(self._settings.statement_interval_s):
                    await self._restate.wait()
            except TimeoutError:
                pass
            self._restate.clear()
            await self._publish_statements(link)

    async def _publish_statements(self, link: Link) -> None:
        gateway = self._outbox.gateway
        with self._reading_the_card():
            holding = encode_model(await self._outbox.holding())
            topic = self._topics.holding(gateway)
            await link.publish(Post(topic=topic, payload=holding, retain=True))
        await self._publish_status(link, await self._status())

    @contextmanager
    def _reading_the_card(self) -> Iterator[None]:
        """A card that cannot be read costs this one time; damage ends the agent, which salvages."""
        try:
            yield
        except OutboxDamaged:
            raise
        except OutboxFailed as error:
            if not self._unreadable:
                LOG.error("cannot read the outbox reason=%s", error)
            self._unreadable = True
        else:
            if self._unreadable:
                LOG.info("reading the outbox again")
            self._unreadable = False

    async def _publish_status(self, link: Link, status: Status) -> None:
        topic = self._topics.status(self._outbox.gateway)
        await link.publish(Post(topic=topic, payload=encode_model(status), retain=True))

    async def _sleep_until(self, wake_s: float | None) -> None:
        delay_s = None if wake_s is None else max(wake_s - self._now_s(), 0.005)
        try:
            async with Deadline(delay_s):
                await self._wake.wait()
        except TimeoutError:
            return

    def _note_up(self) -> None:
        LOG.info("link up")
        self.state = LinkState(up=True, since_s=self._now_s(), reason="")

    def _note_down(self, reason: str) -> None:
        if self.state.up or self.state.reason != reason:
            LOG.warning("link down reason=%s", reason)
        since_s = self._now_s() if self.state.up else self.state.since_s
        self.state = LinkState(up=False, since_s=since_s, reason=reason)

    def _note_refusal(self, reason: str) -> None:
        if self.state.reason != reason:
            LOG.warning("the broker does not deliver reason=%s", reason)
        self.state = replace(self.state, reason=reason)


def _chunks(orders: list[Order], size: int) -> list[list[Order]]:
    return [orders[at : at + size] for at in range(0, len(orders), size)]
