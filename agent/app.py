"""One agent, whole: its parts are built here, run together, and stop together."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent.cardless import Cardless, build_cardless, opened
from agent.clock import Clock
from agent.console import Console
from agent.deadline import Deadline
from agent.errors import LinkDown, OutboxDamaged, OutboxFailed
from agent.events.building import all_learned, build_watch
from agent.events.watch import Watch
from agent.lasting import until
from agent.lines import build_lines
from agent.link import MqttConnector, Post
from agent.notify import Notifier
from agent.outbox.file import OutboxFile
from agent.outbox.opening import damage_mark, open_outbox
from agent.outbox.outbox import Outbox
from agent.outbox.records import Contents
from agent.outbox.runway import Runway, RunwayOf
from agent.round import Round
from agent.sampler import Sampler
from agent.sealer import Sealer
from agent.status import Reporter, stopped
from agent.sync import Synchroniser
from agent.uplink import Uplink
from contract.codec import encode_model
from contract.identity import BootId, Epoch
from contract.messages import LogLine, Status
from contract.readings import Event
from contract.settings import AgentSettings
from contract.tls import client_context
from contract.topics import Topics

if TYPE_CHECKING:
    from agent.outbox.account import Accountant
    from agent.tracing import Tracer
    from contract.agent_status import LinkReport

_T = TypeVar("_T")
LOG = logging.getLogger("nadi.agent")
FAREWELL_S = 3.0
SALVAGE_S = 900  # of a large damaged outbox, on a slow card


async def run(
    settings: AgentSettings,
    *,
    clock: Clock,
    new_epoch: Callable[[], Epoch],
    boot: BootId,
    notifier: Notifier,
    stop: asyncio.Event,
    note: str = "",
    log: Callable[[], list[LogLine]] = list,
) -> None:
    """Read, seal and send until `stop` is set; raises OutboxNewer.

    `note` and `log` are told to the city with every status.
    """
    path = Path(settings.gateway.data_dir) / "outbox.db"
    round_ = Round()

    def opening() -> tuple[OutboxFile, Contents]:
        return open_outbox(
            path,
            gateway=settings.gateway.id,
            epoch=new_epoch(),
            boot=boot,
            salvaging=lambda: notifier.say(f"EXTEND_TIMEOUT_USEC={SALVAGE_S * 1_000_000}"),
        )

    def meanwhile() -> Cardless:
        return build_cardless(
            settings, clock=clock, boot=boot, notifier=notifier, round_=round_,
            connector=_mqtt(settings), jitter=_jitter,
        )  # fmt: skip

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="card") as card:
        retry_s = settings.gateway.seal_interval_s
        found = await opened(opening, meanwhile, in_thread=card, stop=stop, retry_s=retry_s)
        if found is None:
            LOG.error("stopped, and the card did not open: lost readings=%d", len(round_))
            return
        file, contents = found
        try:
            in_thread = _In(card)
            outbox = Outbox(
                file,
                contents,
                gateway=settings.gateway.id,
                budget_bytes=settings.outbox.budget_mb << 20,
                reserve_bytes=settings.outbox.reserve_free_mb << 20,
                in_thread=in_thread,
            )
            agent = Agent(
                settings,
                outbox,
                clock,
                contents,
                round_=round_,
                note=note,
                log=log,
                account=_account(settings, outbox, file, in_thread),
                runway=Runway(
                    outbox=outbox, file=file, in_thread=in_thread, settings=settings
                ).days,
            )
            await agent.run(notifier, stop)
        except* OutboxDamaged:
            with contextlib.suppress(OSError):  # then the next start meets it again
                damage_mark(path).touch()
            raise
        finally:
            file.close()


@dataclass(frozen=True, slots=True)
class _In:
    pool: ThreadPoolExecutor

    def __call__(self, call: Callable[[], _T]) -> Awaitable[_T]:
        return asyncio.get_running_loop().run_in_executor(self.pool, call)


def _account(
    settings: AgentSettings, outbox: Outbox, file: OutboxFile, in_thread: _In
) -> "Callable[[], Accountant]":
    def account() -> "Accountant":
        from agent.outbox.account import Accountant  # noqa: PLC0415 a gateway may never be asked

        return Accountant(outbox=outbox, file=file, in_thread=in_thread, settings=settings)

    return account


class Agent:
    """The parts of one run, wired."""

    def __init__(
        self,
        settings: AgentSettings,
        outbox: Outbox,
        clock: Clock,
        contents: Contents,
        *,
        round_: Round,
        account: "Callable[[], Accountant]",
        runway: RunwayOf,
        note: str,
        log: Callable[[], list[LogLine]],
    ) -> None:
        self._account = account
        self._settings = settings
        self._note = note
        self._outbox = outbox
        self._clock = clock
        self._topics = Topics(settings.gateway.city)
        self._round = round_
        self._uplink = Uplink(outbox.ledger, settings.uplink, jitter=_jitter)
        self._reporter = Reporter(
            outbox=outbox,
            clock=clock,
            started_ms=clock.boot_ms(),
            faults=self._faults,
            runway=runway,
            log=log,
        )
        self._connector = _mqtt(settings)
        self._sync = self._synchroniser()
        self._sealer = self._build_sealer(contents.open_events)
        self._watch = self._build_watch(contents)
        self._sampler = self._build_sampler()

    def _synchroniser(self) -> Synchroniser:
        return Synchroniser(
            connector=self._connector,
            outbox=self._outbox,
            uplink=self._uplink,
            topics=self._topics,
            settings=self._settings.uplink,
            status=self._reporter.status,
            now_s=self._now_s,
            jitter=_jitter,
        )

    def _build_sealer(self, open_events: tuple[Event, ...]) -> Sealer:
        return Sealer(
            outbox=self._outbox,
            round_=self._round,
            clock=self._clock,
            interval_s=self._settings.gateway.seal_interval_s,
            ballast=Path(self._settings.gateway.data_dir) / "ballast",
            open_events=open_events,
            told=self._sync.sealed,
            restate=self._sync.restate,
            learned=lambda: all_learned(self._watch),
        )

    def _build_watch(self, contents: Contents) -> Watch:
        return build_watch(
            self._settings,
            clock=self._clock,
            new_id=_event_ids(self._epoch),
            tell=self._sealer.tell,
            open_events=contents.open_events,
            learned=contents.learned,
        )

    def _build_sampler(self) -> Sampler:
        self._watch.start(self._settings.judged_lines(), self._clock.boot_ms())
        self._lines = build_lines(
            self._settings,
            clock=self._clock,
            boot=self._outbox.ledger.current.boot,
            is_lost=self._watch.is_lost,
        )
        return Sampler(self._lines, clock=self._clock, round=self._round, watch=self._watch)

    async def run(self, notifier: Notifier, stop: asyncio.Event) -> None:
        """Until `stop`: then seal what is left and say goodbye."""
        async with asyncio.TaskGroup() as tasks:
            lasting = [
                tasks.create_task(self._sampler.run(), name="sampler"),
                tasks.create_task(self._sealer.run(), name="sealer"),
                tasks.create_task(self._sync.run(), name="link"),
                tasks.create_task(
                    self._console().run(Path(self._settings.gateway.socket)), name="console"
                ),
            ]
            watching = [
                tasks.create_task(self._clock.watch(), name="time service"),
                tasks.create_task(notifier.beat(), name="watchdog"),
            ]
            notifier.say("READY=1")
            LOG.info("running gateway=%s epoch=%s", self._outbox.gateway, self._epoch)
            await until(stop, lasting)
            notifier.say("STOPPING=1")
            for task in (*lasting, *watching):
                task.cancel()
        await self._sealer.finish()
        await self._farewell()

    @property
    def _epoch(self) -> Epoch:
        return self._outbox.ledger.current.epoch

    def _console(self) -> Console:
        return Console(
            {
                "status": self._answer_status,
                "outbox": self._answer_outbox,
                "verify": self._answer_verify,
                "read": self._answer_read,
                "trace": self._answer_trace,
                "fate": self._answer_fate,
                "search": self._answer_search,
                "unread": self._answer_unread,
                "hold": self._answer_visitor,
                "carry": self._answer_visitor,
                "settle": self._answer_visitor,
            }
        )

    async def _answer_outbox(self, _: Mapping[str, object]) -> Mapping[str, object]:
        now_ms, fault = self._clock.boot_ms(), self._sealer.fault
        report = await self._account().report(now_ms=now_ms, running=True, fault=fault)
        return report.model_dump(mode="json")

    async def _answer_verify(self, _: Mapping[str, object]) -> Mapping[str, object]:
        return (await self._account().verify()).model_dump(mode="json")

    async def _answer_read(self, command: Mapping[str, object]) -> Mapping[str, object]:
        from agent.live import described  # noqa: PLC0415 a gateway may never be asked

        answer = await self._sampler.read_now(str(command.get("asset", "")))
        return described(answer).model_dump(mode="json")

    async def _answer_trace(self, command: Mapping[str, object]) -> Mapping[str, object]:
        traced = await self._tracer().trace(str(command.get("asset", "")))
        return traced.model_dump(mode="json")

    async def _answer_fate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        return self._tracer().fate(command, self._link_report()).model_dump(mode="json")

    def _tracer(self) -> "Tracer":
        from agent.tracing import Tracer  # noqa: PLC0415 a gateway may never be asked

        return Tracer(
            sampler=self._sampler, sealer=self._sealer, outbox=self._outbox, uplink=self._uplink
        )

    async def _answer_search(self, command: Mapping[str, object]) -> Mapping[str, object]:
        from agent.discovery.held import search_address  # noqa: PLC0415 as above

        return (await search_address(self._lines, command)).model_dump(mode="json")

    async def _answer_unread(self, _: Mapping[str, object]) -> Mapping[str, object]:
        from agent.discovery.held import unread  # noqa: PLC0415 as above

        return unread(self._lines).model_dump(mode="json", by_alias=True)

    async def _answer_visitor(self, command: Mapping[str, object]) -> Mapping[str, object]:
        """Somebody is here with a stick."""
        from agent.carrying.answers import ANSWERS  # noqa: PLC0415 it loads cryptography
        from agent.carrying.carrier import Carrier  # noqa: PLC0415 as above

        account = self._account()
        carrier = Carrier.of(
            self._settings, self._outbox, account.file, account.in_thread, self._sync.closed
        )
        said = await ANSWERS[str(command["cmd"])](carrier, command)
        return said.model_dump(mode="json", exclude_none=True)

    async def _answer_status(self, _: Mapping[str, object]) -> Mapping[str, object]:
        status = await self._reporter.status()
        return {
            **status.model_dump(mode="json", exclude_none=True),
            "rounds": self._sealer.rounds,
            "link": self._link_report().model_dump(mode="json"),
        }

    def _link_report(self) -> "LinkReport":
        from contract.agent_status import LinkReport  # noqa: PLC0415 a gateway may never be asked

        link, now_s, receipted_s = self._sync.state, self._now_s(), self._sync.receipted_s
        return LinkReport(
            up=link.up,
            for_s=round(now_s - link.since_s, 1),
            reason=link.reason,
            in_flight=self._uplink.in_flight,
            receipt_age_s=None if receipted_s is None else round(now_s - receipted_s, 1),
            answered=self._sync.is_answered,
        )

    def _faults(self) -> list[str]:
        outbox = f"outbox: {self._sealer.fault}" if self._sealer.fault else ""
        return [fault for fault in (self._note, outbox) if fault] + self._sampler.faults()

    def _now_s(self) -> float:
        return self._clock.boot_ms() / 1_000

    async def _farewell(self) -> None:
        """Tell the city that this is on purpose, if the broker can be reached at once."""
        gateway = self._outbox.gateway
        try:
            status = stopped(await self._reporter.status())
            async with Deadline(FAREWELL_S), self._connector.connect() as link:
                holding = encode_model(await self._outbox.holding())
                await link.publish(
                    Post(topic=self._topics.holding(gateway), payload=holding, retain=True)
                )
                said = Post(
                    topic=self._topics.status(gateway), payload=encode_model(status), retain=True
                )
                await link.publish(said)
        except (LinkDown, TimeoutError):
            LOG.info("stopped without a link; the last round waits on the card")
        except OutboxFailed as error:
            LOG.error("stopped without a word to the city reason=%s", error)


def _mqtt(settings: AgentSettings) -> MqttConnector:
    gateway, topics = settings.gateway.id, Topics(settings.gateway.city)
    will = Status(gateway=gateway, state="offline")
    return MqttConnector(
        broker=settings.broker,
        tls=client_context(settings.broker),
        identifier=gateway,
        listen=topics.receipt(gateway),
        will=Post(topic=topics.status(gateway), payload=encode_model(will), retain=True),
    )


def _jitter() -> float:
    """Between a half and one and a half, so that a city does not return at the same instant."""
    return 0.5 + random.random()


def _event_ids(epoch: Epoch) -> Callable[[], str]:
    count = 0

    def new_id() -> str:
        nonlocal count
        count += 1
        return f"{epoch}-{count}"

    return new_id
