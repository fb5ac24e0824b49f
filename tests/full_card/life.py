"""One agent's sealing as fast as it goes, in a process of its own that is killed at any moment.

It says on a pipe what it is about to seal, and what has become durable.
"""

import asyncio
import json
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

from agent.clock import FakeClock
from agent.learned import Learned
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from agent.round import Round
from agent.sealer import Sealer
from agent.uplink import Name
from contract.event_types import EventType
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.messages import EpochReceipt, Receipt
from contract.readings import Event, Phase, Reading

_T = TypeVar("_T")
GATEWAY, BOOT = GatewayId("bb-0001"), BootId("b" * 16)
LAMP = AssetId("PJU-0001")
NOISE = 1_000_000  # so that a body is as long as its readings are many
SIZES = (1, 500, 2_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the next new batch will hold; the readings are numbered through the card's life."""

    readings: int
    events: int
    first: int


class Life:
    """Everything that one start does until it is killed, or for so many rounds."""

    def __init__(
        self, path: Path, *, number: int, first: int, receipts: int, random: Random, say: int
    ) -> None:
        self._path = path
        self._number = number
        self._next = first
        self._receipts = receipts
        self._random = random
        self._say = say
        self._drafts: deque[Draft] = deque()
        self._events = 0

    async def live(self, *, reserve_bytes: int, rounds: int | None) -> None:
        """Seals; with `rounds`, stops then as an agent that is told to."""
        epoch = Epoch(f"{self._number:016x}")
        file, contents = open_outbox(self._path, gateway=GATEWAY, epoch=epoch, boot=BOOT)
        with ThreadPoolExecutor(max_workers=1) as card:
            loop = asyncio.get_running_loop()

            def in_thread(call: Callable[[], _T]) -> Awaitable[_T]:
                return loop.run_in_executor(card, call)

            self._outbox = Outbox(
                file, contents, gateway=GATEWAY, budget_bytes=1 << 40,
                reserve_bytes=reserve_bytes, in_thread=in_thread,
            )  # fmt: skip
            self._round = _SaidRound(self._drafted)
            self._sealer = Sealer(
                outbox=self._outbox, round_=self._round, clock=FakeClock(), interval_s=10,
                ballast=self._path.with_name("ballast"), open_events=(), told=self._sealed,
                restate=lambda: None, learned=self._events_drafted,
            )  # fmt: skip
            done = 0
            while rounds is None or done < rounds:
                await self._one_round()
                done += 1
            file.close()

    async def _one_round(self) -> None:
        count = self._random.choice(SIZES)
        self._round.add([_reading(self._next + at, self._random) for at in range(count)])
        self._next += count
        if self._random.random() < 0.02:
            self._events += 1
            self._sealer.tell(_event(f"{self._number}-{self._next}"))
        await self._sealer.finish()
        if self._random.random() < 0.05:
            await self._settle()

    async def _settle(self) -> None:
        """The city has all of this epoch up to some number."""
        self._receipts += 1
        ledger = self._outbox.ledger.current
        upto = self._random.randint(1, max(ledger.sealed, 1))
        self._tell({"receipted": upto})
        said = EpochReceipt(
            epoch=ledger.epoch, first=1, last=upto, committed=[(1, upto)], rejected=[]
        )
        receipt = Receipt(gateway=GATEWAY, version=self._receipts, epochs=[said])
        await self._outbox.settle(receipt)

    def _drafted(self, readings: list[Reading]) -> None:
        if readings:
            self._will(Draft(readings=len(readings), events=0, first=readings[0].at_ms))

    def _events_drafted(self) -> Mapping[AssetId, Learned]:
        self._will(Draft(readings=0, events=self._events, first=0))
        self._events = 0
        return {}

    def _will(self, draft: Draft) -> None:
        self._drafts.append(draft)
        self._tell({"will": [draft.readings, draft.events, draft.first]})

    def _sealed(self, name: Name) -> None:
        self._drafts.popleft()
        self._tell({"sealed": name.n})

    def _tell(self, what: dict[str, object]) -> None:
        os.write(self._say, json.dumps(what).encode() + b"\n")


class _SaidRound(Round):
    """Says what is taken of it."""

    def __init__(self, taken: Callable[[list[Reading]], None]) -> None:
        super().__init__()
        self._taken = taken

    def take(self) -> list[Reading]:
        readings = super().take()
        self._taken(readings)
        return readings


def _reading(number: int, random: Random) -> Reading:
    """Its time is its number in the card's life."""
    return Reading(
        asset=LAMP, kind=Kind.STREETLIGHT, quantity="voltage", at_ms=number,
        value=random.randrange(NOISE) / 7,
    )  # fmt: skip


def _event(name: str) -> Event:
    return Event(
        id=name, asset=LAMP, kind=Kind.STREETLIGHT, type=EventType.DEVICE_UNREACHABLE,
        phase=Phase.BEGIN, at_ms=1, detail="",
    )  # fmt: skip
