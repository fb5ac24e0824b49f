"""Seals each round on time and each event at once; after a failure, tries the same round again."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from agent.clock import Clock
from agent.dating import STEP_MS, consider
from agent.deadline import Deadline
from agent.errors import OutboxDamaged, OutboxFailed, OutboxFull
from agent.learned import Learned
from agent.outbox.ballast import drop_ballast, keep_ballast
from agent.outbox.outbox import Outbox
from agent.outbox.records import NewBatch, Shed
from agent.round import Round, more_shed
from agent.uplink import Name
from contract.identity import AssetId
from contract.messages import MAX_EVENTS, Counts, Origin
from contract.readings import Event, Phase

KEEP_MS = 3_600_000

LOG = logging.getLogger("nadi.outbox")


class Sealer:
    """The only one who seals."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        round_: Round,
        clock: Clock,
        interval_s: float,
        ballast: Path,
        open_events: tuple[Event, ...],
        told: Callable[[Name], None],
        restate: Callable[[], None],
        learned: Callable[[], Mapping[AssetId, Learned]],
    ) -> None:
        self._outbox = outbox
        self._round = round_
        self._clock = clock
        self._interval_s = interval_s
        self._ballast = ballast
        self._open = {event.id: event for event in open_events}
        self._told = told
        self._restate = restate
        self._learned = learned
        self._kept_ms = clock.boot_ms()
        self._events: deque[Event] = deque()
        self._shed: Shed | None = None  # events that found no room
        self._event_waits = asyncio.Event()
        self._asked: list[asyncio.Future[Name | None]] = []
        self._newest: Name | None = None
        self.rounds = 0
        self.fault = ""

    def tell(self, event: Event) -> None:
        """Seal this event at once."""
        if len(self._events) == MAX_EVENTS:
            oldest = self._events.popleft()
            self._shed = more_shed(self._shed, Counts(events=1), oldest.at_ms)
        self._events.append(event)
        self._event_waits.set()

    async def seal_now(self) -> Name | None:
        """Seal the round before it is due, for a person; its batch, or None if there is none."""
        asked: asyncio.Future[Name | None] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._event_waits.set()
        return await asked

    def open_events(self) -> tuple[Event, ...]:
        """Events that have begun and not ended."""
        return tuple(self._open.values())

    async def run(self) -> None:
        """Until cancelled; `finish` seals what is left."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._interval_s
        while True:
            if await self._event_or(due_s):
                await self._guard(self._seal_events)
            if self._asked:
                await self._seal_asked()
            if loop.time() >= due_s:
                due_s = max(due_s + self._interval_s, loop.time())
                await self._guard(self._seal_round)

    async def _event_or(self, due_s: float) -> bool:
        try:
            async with Deadline(due_s - asyncio.get_running_loop().time()):
                await self._event_waits.wait()
        except TimeoutError:
            return bool(self._events)
        self._event_waits.clear()
        return True

    async def finish(self) -> None:
        """Seal the events and the part of a round that are waiting."""
        await self._guard(self._seal_events)
        await self._guard(self._seal_round)
        if self.fault:
            LOG.error("stopped, and the last readings are not sealed reason=%s", self.fault)

    async def _guard(self, seal: Callable[[], Awaitable[None]]) -> None:
        try:
            self._announce(await self._outbox.retry())
            self._date()
            await seal()
        except OutboxDamaged:
            raise
        except OutboxFailed as error:
            self._note(f"{error}")
            if isinstance(error, OutboxFull) and not drop_ballast(self._ballast):
                self._outbox.make_room()
        else:
            self._note("")
            keep_ballast(self._ballast)

    def _date(self) -> None:
        """Before each round and event: so a step of the clock is noticed at once."""
        boot = self._outbox.ledger.current.boot
        known, now_ms = self._outbox.latest_origin(boot), self._clock.boot_ms()
        if dated := consider(boot, self._clock.sight(), known, at_ms=now_ms):
            self._outbox.date(dated)
            if known is None or abs(dated.origin_ms - known.origin_ms) > STEP_MS:
                LOG.info(*_in_words(dated, known))

    async def _seal_round(self) -> None:
        shed = self._round.take_shed()
        sealing = self._outbox.seal(self._round.take(), learned=self._hourly(), shed=shed)
        self._announce(await sealing)
        self.rounds += 1

    async def _seal_asked(self) -> None:
        asked, self._asked, self._newest = self._asked, [], None
        await self._guard(self._seal_round)
        for one in asked:
            if not one.done():
                one.set_result(self._newest)

    def _hourly(self) -> Mapping[AssetId, Learned] | None:
        """What was learned, once an hour; with each event it is kept anyway."""
        now_ms = self._clock.boot_ms()
        if now_ms - self._kept_ms < KEEP_MS:
            return None
        self._kept_ms = now_ms
        return self._learned()

    async def _seal_events(self) -> None:
        if not self._events:
            return
        events, self._events = list(self._events), deque()
        shed, self._shed = self._shed, None
        for event in events:
            if event.phase is Phase.BEGIN:
                self._open[event.id] = event
            else:
                self._open.pop(event.id, None)
        self._announce(
            await self._outbox.seal(
                (), events, open_events=self.open_events(), learned=self._learned(), shed=shed
            )
        )

    def _announce(self, batch: NewBatch | None) -> None:
        if batch:
            self._newest = Name(self._outbox.ledger.by_id(batch.epoch_id).epoch, batch.n)
            self._told(self._newest)

    def _note(self, fault: str) -> None:
        if fault and not self.fault:
            LOG.error("cannot seal, keeping the round in memory reason=%s", fault)
        elif self.fault and not fault:
            LOG.info("sealing again")
        changed = bool(fault) != bool(self.fault)
        self.fault = fault
        if changed:
            self._restate()


def _in_words(dated: Origin, known: Origin | None) -> tuple[str, int, int]:
    if known is None:
        return "the time is known within_ms=%d revision=%d", dated.uncertainty_ms, dated.revision
    stepped_ms = dated.origin_ms - known.origin_ms
    return "the clock stepped by_ms=%d within_ms=%d", stepped_ms, dated.uncertainty_ms
