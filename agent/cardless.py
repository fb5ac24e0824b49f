"""While the card does not open, the agent reads into memory, says so, and tries the card again."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Protocol, TypeVar

from agent.clock import Clock
from agent.console import Console
from agent.deadline import Deadline
from agent.errors import OutboxFailed, OutboxNewer
from agent.events.building import build_watch
from agent.lines import build_lines
from agent.link import Connector, Link, Post
from agent.notify import Notifier
from agent.relinking import keep_linked
from agent.round import Round
from agent.sampler import Sampler
from agent.status import PROGRAM
from contract.codec import encode_model
from contract.identity import BootId
from contract.messages import Status
from contract.settings import AgentSettings
from contract.topics import Topics

# What a person may ask the agent that cannot be answered without the card.
OF_THE_CARD = (
    "status", "outbox", "verify", "trace", "fate", "search", "unread", "hold", "carry", "settle",
)  # fmt: skip
LOG = logging.getLogger("nadi.outbox")
_T = TypeVar("_T")


class Meanwhile(Protocol):
    """What is done until the card opens."""

    def failed(self, why: OutboxFailed) -> None:
        """It did not open this time either."""
        ...

    async def run(self) -> None:
        """Until cancelled."""
        ...


async def opened(
    opening: Callable[[], _T],
    meanwhile: Callable[[], Meanwhile],
    *,
    in_thread: Executor,
    stop: asyncio.Event,
    retry_s: float,
) -> _T | None:
    """What `opening` returns as soon as it does, or None if `stop` is set before.

    Raises OutboxNewer: only another program helps against that.
    """
    try:
        return opening()
    except OutboxNewer:
        raise
    except OutboxFailed as error:
        LOG.error("the card does not open, keeping readings in memory reason=%s", error)
        waiting = meanwhile()
        waiting.failed(error)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(waiting.run(), name="meanwhile")
        try:
            return await _tried(opening, waiting, in_thread=in_thread, stop=stop, retry_s=retry_s)
        finally:
            running.cancel()


async def _tried(
    opening: Callable[[], _T],
    waiting: Meanwhile,
    *,
    in_thread: Executor,
    stop: asyncio.Event,
    retry_s: float,
) -> _T | None:
    while True:
        try:
            async with Deadline(retry_s):
                await stop.wait()
            return None
        except TimeoutError:
            pass
        try:
            found = await asyncio.get_running_loop().run_in_executor(in_thread, opening)
        except OutboxNewer:
            raise
        except OutboxFailed as error:
            waiting.failed(error)
        else:
            LOG.info("the card opens again")
            return found


class Cardless:
    """Reads every device into the round, and tells the city and a person what is wrong."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        boot: BootId,
        notifier: Notifier,
        sampler: Sampler,
        connector: Connector,
        now_s: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._boot = boot
        self._notifier = notifier
        self._sampler = sampler
        self._connector = connector
        self._now_s = now_s
        self._jitter = jitter
        self._why = OutboxFailed("the card was not tried yet")

    def failed(self, why: OutboxFailed) -> None:
        """What the city and a person are told from now on."""
        self._why = why

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sampler.run(), name="sampler")
            tasks.create_task(self._console().run(Path(self._settings.gateway.socket)))
            tasks.create_task(self._tell(), name="tell")
            tasks.create_task(self._notifier.beat(), name="watchdog")
            self._notifier.say("READY=1")

    def status(self) -> Status:
        """Of a gateway that keeps nothing it reads."""
        outbox = f"outbox: {self._why}; nothing is sealed"
        return Status(
            gateway=self._settings.gateway.id,
            state="online",
            boot=self._boot,
            program=PROGRAM,
            faults=[fault[:200] for fault in (outbox, *self._sampler.faults())][:100],
        )

    def _console(self) -> Console:
        return Console({**dict.fromkeys(OF_THE_CARD, self._refuse), "read": self._read})

    async def _refuse(self, _: Mapping[str, object]) -> Mapping[str, object]:
        raise self._why

    async def _read(self, command: Mapping[str, object]) -> Mapping[str, object]:
        from agent.live import described  # noqa: PLC0415 a gateway may never be asked

        answer = await self._sampler.read_now(str(command.get("asset", "")))
        return described(answer).model_dump(mode="json")

    async def _tell(self) -> None:
        await keep_linked(
            self._connector,
            self._tell_again_and_again,
            down=lambda reason: LOG.debug("the city cannot be told reason=%s", reason),
            settings=self._settings.uplink,
            now_s=self._now_s,
            jitter=self._jitter,
        )

    async def _tell_again_and_again(self, link: Link) -> None:
        while True:
            await self._publish(link)
            await asyncio.sleep(self._settings.uplink.statement_interval_s)

    async def _publish(self, link: Link) -> None:
        gateway = self._settings.gateway
        topic = Topics(gateway.city).status(gateway.id)
        await link.publish(Post(topic=topic, payload=encode_model(self.status()), retain=True))


def build_cardless(
    settings: AgentSettings,
    *,
    clock: Clock,
    boot: BootId,
    notifier: Notifier,
    round_: Round,
    connector: Connector,
    jitter: Callable[[], float],
) -> Cardless:
    """It reads the settings' devices; events are judged when there is a card to keep them."""
    watch = build_watch(settings, clock=clock, new_id=str, tell=lambda _: None)
    watch.start(settings.judged_lines(), clock.boot_ms())
    lines = build_lines(settings, clock=clock, boot=boot)
    return Cardless(
        settings,
        boot=boot,
        notifier=notifier,
        sampler=Sampler(lines, clock=clock, round=round_, watch=watch),
        connector=connector,
        now_s=lambda: clock.boot_ms() / 1_000,
        jitter=jitter,
    )
