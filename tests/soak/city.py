"""A city at the other end of a link in memory: acknowledges, receipts, and is cut off at times."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from agent.errors import LinkDown
from agent.link import Link, Post
from contract.codec import decode_header, encode_model
from contract.identity import City as CityName
from contract.identity import Epoch, GatewayId, Lane
from contract.messages import EpochReceipt, Receipt
from contract.ranges import RangeSet
from contract.topics import Topics

PUBACK_S, COMMIT_S = 0.02, 0.2
Cut = tuple[float, float]  # from and until, in seconds of the loop's time


class City:
    """Hands out links, and knows which numbers it has."""

    def __init__(self, name: CityName, gateway: GatewayId, cuts: Sequence[Cut]) -> None:
        topics = Topics(name)
        self._lanes = {topics.batch(gateway, lane) for lane in Lane}
        self._gateway = gateway
        self._cuts = cuts
        self._has: dict[Epoch, RangeSet] = {}
        self._version = 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        """A link that lasts until the next cut; raises LinkDown in one."""
        now_s = asyncio.get_running_loop().time()
        if any(first_s <= now_s < last_s for first_s, last_s in self._cuts):
            raise LinkDown("the fibre is cut")
        ends_s = min((first_s for first_s, _ in self._cuts if first_s > now_s), default=math.inf)
        link = _Line(self)
        ending = asyncio.get_running_loop().call_at(ends_s, link.cut)
        try:
            yield link
        finally:
            link.cut()
            ending.cancel()

    def take(self, post: Post) -> bool:
        """Whether a receipt is due for it."""
        if post.topic not in self._lanes:
            return False
        key = decode_header(post.properties).key
        self._has[key.epoch] = self._has.get(key.epoch, RangeSet()) | RangeSet.of([key.n])
        return True

    def receipt(self) -> bytes:
        """Of all it has."""
        self._version += 1
        epochs = [
            EpochReceipt(
                epoch=epoch, first=1, last=numbers.ranges[-1][1], committed=list(numbers.ranges)
            )
            for epoch, numbers in self._has.items()
        ]
        said = Receipt(gateway=self._gateway, version=self._version, epochs=epochs)
        return encode_model(said)


class _Line:
    def __init__(self, city: City) -> None:
        self._city = city
        self._down = False
        self._receipt_due = False
        self._incoming: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def publish(self, post: Post) -> str | None:
        """QoS 1."""
        await asyncio.sleep(PUBACK_S)
        if self._down:
            raise LinkDown("the fibre is cut")
        if self._city.take(post) and not self._receipt_due:
            self._receipt_due = True
            asyncio.get_running_loop().call_later(COMMIT_S, self._commit)
        return None

    async def messages(self) -> AsyncIterator[bytes]:
        """Receipts, until the cut."""
        while (payload := await self._incoming.get()) is not None:
            yield payload
        raise LinkDown("the fibre is cut")

    def cut(self) -> None:
        """Nothing gets through any more."""
        self._down = True
        self._incoming.put_nowait(None)

    def _commit(self) -> None:
        self._receipt_due = False
        if not self._down:
            self._incoming.put_nowait(self._city.receipt())
