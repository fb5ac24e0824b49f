"""A card of 16 MB that is full, its agent killed at any moment; each loss is named, exactly."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from contract.identity import Epoch
from scripts.district.sealed import read_outbox
from tests.campaigns.seeds import Violation
from tests.full_card.life import GATEWAY, Draft, Life

KILLS = 10  # of one card
CARD_KB = 16_384
LONGEST_LIFE = 250  # lines that a life says before it is killed
Name = tuple[Epoch, int]


@dataclass(slots=True)
class Truth:
    """What every life said of its batches: drafted, and which of them were told as durable."""

    drafted: dict[Name, Draft] = field(default_factory=dict)
    told: set[Name] = field(default_factory=set)
    receipted: dict[Epoch, int] = field(default_factory=dict)
    readings: int = 0

    def hear(self, epoch: Epoch, lines: Iterator[Mapping[str, object]]) -> None:
        """A whole life; the number of a draft is its place in the epoch."""
        n = 0
        for line in lines:
            match line:
                case {"will": [int(readings), int(events), int(first)]}:
                    n += 1
                    self.drafted[epoch, n] = Draft(readings=readings, events=events, first=first)
                    self.readings = max(self.readings, first + readings)
                case {"sealed": int(sealed)}:
                    self.told.add((epoch, sealed))
                case {"receipted": int(upto)}:
                    self.receipted[epoch] = max(self.receipted.get(epoch, 0), upto)
                case _:
                    raise Violation(f"a life said {line}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How much of a card was used up by a trial."""

    sealed: int
    lost: int
    evicted: int


def trial(seed: int, folder: Path, *, kills: int = KILLS) -> Seen:
    """One card from its first start on; raises Violation in words."""
    random, truth = Random(seed), Truth()
    reserve_bytes = random.choice((0, 0, 1 << 20))
    for number in range(1, kills + 1):
        if number > 1:
            _others_write(folder / "others", random)
        _live(number, truth, folder, random, reserve_bytes=reserve_bytes, killed=True)
    _live(kills + 1, truth, folder, random, reserve_bytes=reserve_bytes, killed=False)
    (folder / "others").unlink(missing_ok=True)
    return _judged(folder / "outbox.db", truth)


def _others_write(file: Path, random: Random) -> None:
    """Logs, say: they grow and shrink, and leave the outbox 1 to 4 MB."""
    size = random.randrange(CARD_KB - 5_000, CARD_KB - 2_000) << 10
    with file.open("ab", buffering=0) as others:
        others.truncate(min(size, others.tell()))
        with contextlib.suppress(OSError):
            while others.tell() < size:
                others.write(bytes(min(1 << 16, size - others.tell())))


def _live(
    number: int, truth: Truth, folder: Path, random: Random, *, reserve_bytes: int, killed: bool
) -> None:
    """In a process of its own."""
    hear, say = os.pipe()
    life = Life(
        folder / "outbox.db", number=number, first=truth.readings, receipts=number * 1_000_000,
        random=Random(random.random()), say=say,
    )  # fmt: skip
    child = os.fork()
    if child == 0:
        os.close(hear)
        _be(life, reserve_bytes=reserve_bytes, rounds=None if killed else 30)
    os.close(say)
    patience = random.randrange(LONGEST_LIFE) if killed else None
    epoch = Epoch(f"{number:016x}")
    with os.fdopen(hear, "rb") as lines:
        truth.hear(epoch, _said(lines, child, patience))
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != (-signal.SIGKILL if killed else 0):
        raise Violation(f"start {number} ended by itself: {os.waitstatus_to_exitcode(status)}")


def _said(lines: Iterator[bytes], child: int, patience: int | None) -> Iterator[dict[str, object]]:
    """All that it said; killed after `patience` lines, wherever it has got to by then."""
    if patience == 0:
        os.kill(child, signal.SIGKILL)
    for at, line in enumerate(lines, 1):
        if at == patience:
            os.kill(child, signal.SIGKILL)
        if line.endswith(b"\n"):
            yield json.loads(line)


def _be(life: Life, *, reserve_bytes: int, rounds: int | None) -> None:
    """The child; it never returns."""
    logging.disable(logging.CRITICAL)
    try:
        asyncio.run(life.live(reserve_bytes=reserve_bytes, rounds=rounds))
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)


def _judged(path: Path, truth: Truth) -> Seen:
    card = read_outbox(path, GATEWAY)
    accounted: set[Name] = set()
    for batch in card.batches:
        _is_as_drafted(
            (batch.epoch, batch.n), batch.events, truth, [s.at_ms for s in batch.readings]
        )
        accounted.add((batch.epoch, batch.n))
    lost = evicted = 0
    for gone in _gone(path):
        names = [(gone.epoch, n) for n in range(gone.first, gone.last + 1)]
        _is_the_truth(gone, names, truth)
        accounted.update(names)
        lost += gone.readings if gone.state == "lost" else 0
        evicted += gone.readings if gone.state == "evicted" else 0
    if missing := truth.told - accounted:
        raise Violation(f"told, and neither held nor named: {sorted(missing)[:5]}")
    return Seen(sealed=len(truth.told), lost=lost, evicted=evicted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    epoch: Epoch
    first: int
    last: int
    state: str
    reason: str
    readings: int
    events: int

    def __str__(self) -> str:
        return f"{self.state} {self.first} to {self.last} of epoch {self.epoch}, {self.reason}"


def _gone(path: Path) -> list[_Gone]:
    query = """
    SELECT epoch, first, last, state, reason, readings, events
    FROM gone JOIN epoch ON epoch.id = gone.epoch_id
    """
    with closing(sqlite3.connect(path)) as database:
        return [
            _Gone(
                epoch=Epoch(epoch), first=first, last=last, state=state, reason=reason,
                readings=readings, events=events,
            )
            for epoch, first, last, state, reason, readings, events in database.execute(query)
        ]  # fmt: skip


def _is_as_drafted(name: Name, events: int, truth: Truth, numbers: list[int]) -> None:
    draft = truth.drafted.get(name)
    if draft is None:
        raise Violation(f"never drafted: {name}")
    if numbers != list(range(draft.first, draft.first + draft.readings)) and draft.readings:
        raise Violation(f"not what was drafted: {name}")
    if (len(numbers), events) != (draft.readings, draft.events):
        raise Violation(f"not what was drafted: {name}")


def _is_the_truth(gone: _Gone, names: list[Name], truth: Truth) -> None:
    if unknown := [name for name in names if name not in truth.drafted]:
        raise Violation(f"never drafted, and stated as gone: {unknown[0]}")
    drafts = [truth.drafted[name] for name in names]
    readings, events = sum(d.readings for d in drafts), sum(d.events for d in drafts)
    if (gone.readings, gone.events) != (readings, events):
        raise Violation(
            f"{gone}: {gone.readings} readings of {readings}, {gone.events} of {events}"
        )
    if gone.state == "evicted" and gone.last > truth.receipted.get(gone.epoch, 0):
        raise Violation(f"{gone}: and the city never had it")
    if gone.state == "lost" and (gone.reason != "outbox full" or events):
        raise Violation(f"{gone}: on a card that holds its readings and events by far")
