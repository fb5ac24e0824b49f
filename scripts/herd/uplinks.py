"""Many gateways' outboxes and uplinks in one process, each with a TLS session of its own.

It hears `outage`, `back`, `look`, `hush` and `end` on its standard input, and says at the end what
it saw.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import TypeVar

from agent.clock import KernelClock, new_token, read_boot_id
from agent.dating import consider
from agent.link import MqttConnector, Post
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from agent.outbox.records import Contents
from agent.status import Reporter
from agent.sync import Synchroniser
from agent.uplink import Name, Uplink
from contract.codec import encode_model
from contract.identity import AssetId, City, Epoch, GatewayId, Kind
from contract.messages import Status
from contract.readings import Reading
from contract.settings import UplinkSettings
from contract.tls import Broker, client_context
from contract.topics import Topics

_T = TypeVar("_T")
ROUNDS_A_MINUTE = 6  # as an agent seals by default
LIVE_EVERY_S, LOOK_EVERY_S = 60.0 / ROUNDS_A_MINUTE, 0.1
BATCH = 200  # readings of a round that waits
PLENTY = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The gateways of one process."""

    city: str
    folder: str
    brokers: dict[str, dict[str, object]] = field(default_factory=dict)  # by gateway
    waiting: int  # readings of each while it is cut off
    reconnect_max_s: float
    seed: int
    window_batches: int = UplinkSettings().window_batches
    resend_after_s: float = UplinkSettings().resend_after_s
    assets: int = 24  # of each, read whole once a minute in turn
    quantities: tuple[str, ...] = ("voltage",)


@dataclass(slots=True, kw_only=True)
class Seen:
    """What one uplink saw; seconds of the boot clock."""

    sealed: int = 0
    held: int = 0
    returned_s: float | None = None  # from the broker's return to a live round's receipt
    delays_s: list[float] = field(default_factory=list)  # of live rounds, once its link is back


class OneUplink:
    """An outbox, its uplink and its link, as an agent has them."""

    def __init__(self, gateway: GatewayId, part: Part, pool: ThreadPoolExecutor) -> None:
        self.gateway = gateway
        self.seen = Seen()
        self._random = Random(f"{part.seed} {gateway}")
        self._clock = KernelClock(trusted=True)
        self._pool = pool
        path = Path(part.folder) / gateway / "outbox.db"
        self._file, contents = open_outbox(
            path, gateway=gateway, epoch=Epoch(new_token()), boot=read_boot_id()
        )
        self._outbox = self._build_outbox(contents)
        self._sync = self._build_sync(part)
        self._back_s: float | None = None
        self._live: dict[int, tuple[float, bool]] = {}
        self._assets, self._quantities = part.assets, part.quantities
        self._hushed = False
        self._sealing = asyncio.Lock()

    def _build_outbox(self, contents: Contents) -> Outbox:
        def in_thread(call: Callable[[], _T]) -> Awaitable[_T]:
            return asyncio.get_running_loop().run_in_executor(self._pool, call)

        return Outbox(
            self._file, contents, gateway=self.gateway, budget_bytes=PLENTY, reserve_bytes=0,
            in_thread=in_thread,
        )  # fmt: skip

    def _build_sync(self, part: Part) -> Synchroniser:
        broker = Broker.model_validate(part.brokers[self.gateway])
        topics = Topics(City(part.city))
        settings = UplinkSettings(
            reconnect_max_s=part.reconnect_max_s, window_batches=part.window_batches,
            resend_after_s=part.resend_after_s,
        )  # fmt: skip
        will = encode_model(Status(gateway=self.gateway, state="offline"))
        reporter = Reporter(
            outbox=self._outbox, clock=self._clock, started_ms=0, faults=list, runway=_unknown
        )
        return Synchroniser(
            connector=MqttConnector(
                broker=broker, tls=client_context(broker), identifier=self.gateway,
                listen=topics.receipt(self.gateway),
                will=Post(topic=topics.status(self.gateway), payload=will, retain=True),
            ),
            outbox=self._outbox,
            uplink=Uplink(self._outbox.ledger, settings, jitter=self._jitter), topics=topics,
            settings=settings, status=reporter.status, now_s=self.now_s, jitter=self._jitter,
        )  # fmt: skip

    def now_s(self) -> float:
        """Of the boot clock, which all processes share."""
        return self._clock.boot_ms() / 1_000

    def _jitter(self) -> float:
        return 0.5 + self._random.random()

    @property
    def is_up(self) -> bool:
        """Whether its link stands."""
        return self._sync.state.up

    @property
    def open(self) -> int:
        """Batches that wait for the city."""
        return self._outbox.ledger.open_batches()

    def back(self, at_s: float) -> None:
        """The broker is there again since then."""
        self._back_s = at_s

    def hush(self) -> None:
        """Nothing live is sealed from now on."""
        self._hushed = True

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sync.run())
            tasks.create_task(self._seal_live())

    async def seal(self, assets: Iterable[int], quantities: Sequence[str]) -> Name:
        """One round; what waits and what is live may come at once."""
        async with self._sealing:
            return await self._seal(assets, quantities)

    async def _seal(self, assets: Iterable[int], quantities: Sequence[str]) -> Name:
        boot = self._outbox.ledger.current.boot
        if dated := consider(
            boot, self._clock.sight(), self._outbox.latest_origin(boot),
            at_ms=self._clock.boot_ms(),
        ):  # fmt: skip
            self._outbox.date(dated)
        at_ms = self._clock.boot_ms()
        readings = [
            Reading(
                asset=AssetId(f"PJU-{self.gateway}-{at}"), kind=Kind.STREETLIGHT,
                quantity=quantity, at_ms=at_ms, value=self._random.randint(2_100, 2_400) / 10,
            )
            for at in assets
            for quantity in quantities
        ]  # fmt: skip
        batch = await self._outbox.seal(readings)
        assert batch is not None
        self.seen.sealed += len(readings)
        return Name(self._outbox.ledger.current.epoch, batch.n)

    async def _seal_live(self) -> None:
        next_s = self.now_s() + LIVE_EVERY_S * self._random.random()
        for number in count():
            await asyncio.sleep(max(0.0, next_s - self.now_s()))
            if self._hushed:
                return
            next_s += LIVE_EVERY_S
            was_up = self.is_up and self._back_s is not None
            sealed_s = self.now_s()
            name = await self.seal(self._of_round(number), self._quantities)
            self._live[name.n] = (sealed_s, was_up)
            self._sync.sealed(name)

    def _of_round(self, number: int) -> list[int]:
        """All assets in turn within a minute."""
        bounds = [each * self._assets // ROUNDS_A_MINUTE for each in (number, number + 1)]
        return [at % self._assets for at in range(*bounds)]

    def look(self) -> None:
        """Which live rounds have their receipt by now."""
        settled, now_s = self._outbox.ledger.current.settled, self.now_s()
        for n in [n for n in self._live if n in settled]:
            sealed_s, was_up = self._live.pop(n)
            self._receipted(sealed_s, now_s, was_up=was_up)

    def _receipted(self, sealed_s: float, now_s: float, *, was_up: bool) -> None:
        if was_up:
            self.seen.delays_s.append(now_s - sealed_s)
        if self._back_s and sealed_s >= self._back_s and self.seen.returned_s is None:
            self.seen.returned_s = now_s - self._back_s

    def finish(self) -> None:
        """What it saw, whole; the file is given back."""
        self.seen.held = self.open
        self._file.close()


async def _unknown(_: object) -> None:
    """No runway."""


async def _serve(part: Part) -> dict[str, object]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        uplinks = [OneUplink(GatewayId(name), part, pool) for name in part.brokers]
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one.run()) for one in uplinks]
            running.append(tasks.create_task(_look(uplinks)))
            _say({"ready": True})
            async for line in _lines():
                if line == "end":
                    break
                await _obey(line, uplinks, part)
            for task in running:
                task.cancel()
        for one in uplinks:
            one.finish()
    return {one.gateway: asdict(one.seen) for one in uplinks}


async def _look(uplinks: Sequence[OneUplink]) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        for one in uplinks:
            one.look()


async def _obey(line: str, uplinks: list[OneUplink], part: Part) -> None:
    match line.split():
        case ["outage"]:  # what waits when it ends
            for one in uplinks:
                for _ in range(part.waiting // BATCH):
                    await one.seal(range(BATCH), ("voltage",))
        case ["hush"]:
            for one in uplinks:
                one.hush()
        case ["back", at_s]:
            for one in uplinks:
                one.back(float(at_s))
        case _:
            pass
    up = sum(one.is_up for one in uplinks)
    returned = sum(one.seen.returned_s is not None for one in uplinks)
    _say({"up": up, "returned": returned, "open": sum(one.open for one in uplinks)})


async def _lines() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        yield line.strip()


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> int:
    """The part is a JSON file, named on the command line."""
    part = Part(**json.loads(Path(sys.argv[1]).read_text()))
    _say({"seen": asyncio.run(_serve(part))})
    return 0


if __name__ == "__main__":
    sys.exit(main())
