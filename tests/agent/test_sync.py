"""A card that cannot be read costs a statement, and neither the link nor the agent."""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

import pytest

from agent.clock import FakeClock
from agent.errors import OutboxFailed
from agent.link import FakeConnector, FakeLink, Post
from agent.outbox.outbox import Outbox, Waiting
from agent.outbox.records import Commit, Stored, Tally, Written
from agent.status import Reporter
from agent.sync import Synchroniser
from agent.uplink import Uplink
from contract.codec import decode_statement
from contract.identity import City
from contract.messages import Status
from contract.ranges import Range
from contract.settings import UplinkSettings
from contract.topics import Topics
from tests.agent.outbox.making import OWN, PLENTY, here, seal_rounds, started

TOPICS = Topics(City("baubau"))


class UnreadableCard:
    """It only says what is wrong."""

    def write(self, commit: Commit) -> Written:
        raise OutboxFailed("disk I/O error")

    def bodies(self, epoch_id: int, numbers: Iterable[Range]) -> list[Stored]:
        raise OutboxFailed("disk I/O error")

    def tally(self, epoch_id: int, numbers: Range) -> Tally:
        raise OutboxFailed("disk I/O error")


async def unknown(_: Waiting) -> None:
    """No pace is known."""


class HeardLink(FakeLink):
    """Tells when something was published."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: asyncio.Queue[Post] = asyncio.Queue()

    async def publish(self, post: Post) -> str | None:
        self.heard.put_nowait(post)
        return await super().publish(post)


async def test_a_card_that_cannot_be_read_is_told_to_the_city_over_the_same_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with started(tmp_path / "outbox.db") as run:
        await seal_rounds(run.outbox, 2)
        outbox = Outbox(
            UnreadableCard(), run.file.contents(), gateway=OWN, budget_bytes=PLENTY,
            reserve_bytes=0, in_thread=here,
        )  # fmt: skip
        settings = UplinkSettings()
        link = HeardLink()
        reporter = Reporter(
            outbox=outbox, clock=FakeClock(), started_ms=0, faults=list, runway=unknown
        )
        sync = Synchroniser(
            connector=FakeConnector(link), outbox=outbox,
            uplink=Uplink(outbox.ledger, settings, jitter=lambda: 1.0), topics=TOPICS,
            settings=settings, status=reporter.status, now_s=lambda: 1.0, jitter=lambda: 1.0,
        )  # fmt: skip
        with caplog.at_level(logging.INFO, "nadi.link"):
            running = asyncio.create_task(sync.run())
            async with asyncio.timeout(20):
                first = await link.heard.get()
                sync.restate()
                again = await link.heard.get()
        assert not running.done()
        running.cancel()
    for post in (first, again):
        assert post.topic == TOPICS.status(OWN)
        status = decode_statement(Status, post.payload)
        assert (status.state, status.backlog) == ("online", None)
        assert status.faults == ["outbox: disk I/O error"]
    assert caplog.text.count("cannot read the outbox") == 1
