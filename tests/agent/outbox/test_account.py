"""A technician is told what waits, how long there is room, what was lost, and what has rotted."""

import asyncio
import json
from pathlib import Path

import pytest

from agent import outbox_command
from agent.errors import AgentError
from agent.outbox.account import Accountant
from agent.outbox.runway import Runway
from contract.identity import City
from contract.messages import Counts
from contract.outbox_report import BadBatch, LossReason
from contract.settings import AgentSettings, Gateway, OutboxSettings, UplinkSettings
from contract.tls import Broker
from tests.agent.outbox.making import (
    OWN,
    Started,
    begin,
    epoch,
    here,
    receipt,
    seal_rounds,
    started,
)


def settings_for(folder: Path, *, pace: int | None = None) -> AgentSettings:
    broker = Broker(host="localhost", ca_file="ca", cert_file="cert", key_file="key")
    return AgentSettings(
        gateway=Gateway(
            city=City("baubau"), id=OWN, data_dir=str(folder), socket=str(folder / "agent.sock")
        ),
        broker=broker,
        outbox=OutboxSettings(budget_mb=1, reserve_free_mb=0),
        uplink=UplinkSettings(backlog_bytes_s=pace),
    )


def accountant(run: Started, settings: AgentSettings) -> Accountant:
    return Accountant(outbox=run.outbox, file=run.file, in_thread=here, settings=settings)


async def test_the_report_says_how_long_the_card_can_hold_at_the_present_pace(
    tmp_path: Path,
) -> None:
    with started(tmp_path / "outbox.db") as run:
        await seal_rounds(run.outbox, 11)  # a second apart
        await run.outbox.settle(receipt(1, (1, 1)))
        said = await accountant(run, settings_for(tmp_path, pace=1_000)).report(
            now_ms=20_000, running=True
        )
    assert (said.batches, said.counts) == (10, Counts(readings=10))
    assert (said.oldest_age_ms, said.from_earlier_boot) == (18_000, False)
    assert said.bytes_a_day is not None
    a_second = said.bytes_a_day / 86_400
    assert a_second == pytest.approx(said.backlog_bytes / 10 * 1.1, rel=0.02)
    assert said.runway_days == round((1_048_576 - said.backlog_bytes) / said.bytes_a_day, 1)
    assert said.drain_s == round(said.backlog_bytes / 1_000, 1)


async def test_every_status_foretells_the_same_from_the_newest_rounds_alone(
    tmp_path: Path,
) -> None:
    settings = settings_for(tmp_path)
    with started(tmp_path / "outbox.db") as run:
        runway = Runway(outbox=run.outbox, file=run.file, in_thread=here, settings=settings)
        await seal_rounds(run.outbox, 1)
        assert await runway.days(await run.outbox.waiting()) is None
        await seal_rounds(run.outbox, 10)
        foretold = await runway.days(await run.outbox.waiting())
        said = await accountant(run, settings).report(now_ms=20_000, running=True)
    assert foretold == said.runway_days


async def test_losses_are_told_by_their_reason(tmp_path: Path) -> None:
    with started(tmp_path / "outbox.db", budget_bytes=1) as run:
        await seal_rounds(run.outbox, 5)
        said = await accountant(run, settings_for(tmp_path)).report(now_ms=0, running=True)
    (lost,) = said.lost
    assert lost == LossReason(
        reason="outbox full", batches=lost.batches, counts=Counts(readings=lost.batches)
    )
    assert lost.batches + said.batches == 5


async def test_verify_names_what_rotted_or_lies_under_anothers_number_or_is_nowhere(
    tmp_path: Path,
) -> None:
    with started(tmp_path / "outbox.db") as run:
        await seal_rounds(run.outbox, 70)
        await run.outbox.seal([], [begin(1)])
        rot = "UPDATE batch SET body = zeroblob(9) WHERE id = ?"
        run.file._connection.execute(rot, (1 << 40 | 3,))
        swap = "UPDATE batch SET body = b.body, sha256 = b.sha256 FROM batch b"
        run.file._connection.execute(
            f"{swap} WHERE batch.id = ? AND b.id = ?", (1 << 40 | 40, 1 << 40 | 41)
        )
        run.file._connection.execute("DELETE FROM batch WHERE id = ?", (1 << 40 | 50,))
        verdict = await accountant(run, settings_for(tmp_path)).verify()
    assert verdict.batches == 71
    assert verdict.bad == [BadBatch(epoch=epoch(1), n=n) for n in (3, 40, 50)]


async def sealed_before(folder: Path) -> None:
    with started(folder / "outbox.db") as run:
        await seal_rounds(run.outbox, 3)


async def test_without_an_agent_the_card_is_asked_and_nothing_begins_on_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await sealed_before(tmp_path)
    settings = settings_for(tmp_path)
    asked = await asyncio.to_thread(outbox_command.report, settings)
    assert (asked.running, asked.batches, asked.from_earlier_boot) == (False, 3, False)
    outbox_command.show_report(asked, as_json=True)
    assert json.loads(capsys.readouterr().out)["batches"] == 3
    outbox_command.show_report(asked, as_json=False)
    assert "3 batches: 3 readings and 0 events" in capsys.readouterr().out
    with started(tmp_path / "outbox.db", 2) as again:
        assert [one.epoch for one in again.contents.epochs] == [epoch(1), epoch(2)]


async def test_a_held_or_missing_outbox_is_said_in_words(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with pytest.raises(AgentError, match="there is no outbox yet"):
        outbox_command.verify(settings)
    with (
        started(tmp_path / "outbox.db"),
        pytest.raises(AgentError, match="another nadi-agent uses it"),
    ):
        outbox_command.verify(settings)
