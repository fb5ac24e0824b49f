"""A card that fails is said once; the round waits, and what finds no room is counted as lost."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.clock import FakeClock
from agent.errors import OutboxFailed, OutboxFull
from agent.outbox.file import OutboxFile
from agent.outbox.outbox import Outbox
from agent.outbox.records import Commit, Gone, Stored, Tally, Written
from agent.round import Round
from agent.sealer import Sealer
from agent.uplink import Name
from contract.messages import Counts
from contract.ranges import Range
from tests.agent.outbox.making import OWN, PLENTY, Started, epoch, here, reading, started

BROKEN, FULL = OutboxFailed("disk I/O error"), OutboxFull("the card is full")


@dataclass(slots=True)
class FailingCard:
    """The file, unless it is broken."""

    file: OutboxFile
    broken: OutboxFailed | None = None

    def write(self, commit: Commit) -> Written:
        if self.broken:
            raise self.broken
        return self.file.write(commit)

    def bodies(self, epoch_id: int, numbers: Iterable[Range]) -> list[Stored]:
        return self.file.bodies(epoch_id, numbers)

    def tally(self, epoch_id: int, numbers: Range) -> Tally:
        return self.file.tally(epoch_id, numbers)


@dataclass(slots=True)
class Sealing:
    """A sealer with room for three readings, and what it said."""

    run: Started
    folder: Path
    card: FailingCard = field(init=False)
    outbox: Outbox = field(init=False)
    round: Round = field(init=False)
    sealer: Sealer = field(init=False)
    told: list[Name] = field(default_factory=list)
    restated: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.card = FailingCard(self.run.file)
        self.round = Round(limit=3)
        self.outbox = Outbox(
            self.card, self.run.contents, gateway=OWN, budget_bytes=PLENTY, reserve_bytes=0,
            in_thread=here,
        )  # fmt: skip
        self.sealer = Sealer(
            outbox=self.outbox, round_=self.round, clock=FakeClock(), interval_s=10,
            ballast=self.folder / "ballast", open_events=(), told=self.told.append,
            restate=lambda: self.restated.append(self.sealer.fault), learned=dict,
        )  # fmt: skip

    async def rounds(self, *times_ms: int) -> None:
        """One reading and one attempt at each."""
        for at_ms in times_ms:
            self.round.add([reading(at_ms)])
            await self.sealer.finish()


async def test_what_finds_no_room_while_the_card_fails_is_named_as_lost_with_its_reason(
    tmp_path: Path,
) -> None:
    with started(tmp_path / "outbox.db") as run:
        sealing = Sealing(run, tmp_path)
        await sealing.rounds(1)
        sealing.card.broken = BROKEN
        await sealing.rounds(2, 3, 4, 5, 6, 7)  # 2 is drafted, 3 and 4 find no room
        sealing.card.broken = None
        await sealing.rounds()
        await sealing.sealer.finish()
        lost = Gone(
            state="lost", numbers=(3, 3), counts=Counts(readings=2), reason="card failed",
            from_ms=3, to_ms=4,
        )  # fmt: skip
        assert sealing.told == [Name(epoch(1), n) for n in (1, 2, 4)]
        assert sealing.outbox.ledger.current.gone == [lost]
        assert run.file.contents().epochs[0].gone == (lost,)
        assert run.file.contents().epochs[0].counts == Counts(readings=7)
        stated = (await sealing.outbox.holding()).epochs[0]
        assert (stated.sealed, stated.sealed_counts) == (4, Counts(readings=7))


async def test_a_card_that_fails_is_said_once_and_so_is_its_return(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with started(tmp_path / "outbox.db") as run, caplog.at_level(logging.INFO, "nadi.outbox"):
        sealing = Sealing(run, tmp_path)
        sealing.card.broken = BROKEN
        await sealing.rounds(1, 2, 3)
        sealing.card.broken = None
        await sealing.rounds(4, 5)
    assert sealing.restated == ["disk I/O error", ""]
    assert caplog.text.count("cannot seal, keeping the round in memory") == 1
    assert caplog.text.count("sealing again") == 1


async def test_a_full_card_takes_the_ballast_before_any_batch(tmp_path: Path) -> None:
    with started(tmp_path / "outbox.db") as run:
        sealing = Sealing(run, tmp_path)
        await sealing.rounds(*range(1, 40))
        assert (tmp_path / "ballast").exists()
        sealing.card.broken = FULL
        await sealing.rounds(40)
        sealing.card.broken = None
        await sealing.rounds(41)
        assert sealing.outbox.ledger.current.gone == []


async def test_a_card_that_others_have_filled_costs_no_more_the_longer_that_lasts(
    tmp_path: Path,
) -> None:
    with started(tmp_path / "outbox.db") as run:
        sealing = Sealing(run, tmp_path)
        await sealing.rounds(*range(1, 1_001))
        sealing.card.broken = FULL
        for _ in range(60):
            await sealing.sealer.finish()
        sealing.card.broken = None
        await sealing.rounds(2_000)
        assert sum(gone.counts.readings for gone in sealing.outbox.ledger.current.gone) <= 320
