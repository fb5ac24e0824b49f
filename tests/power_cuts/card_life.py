"""One card through a chain of power cuts; after each, what was sealed is there or accounted for."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from agent.errors import OutboxFailed
from agent.outbox.file import OutboxFile
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from agent.outbox.records import Contents, EpochRecord
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.messages import OUTBOX_DAMAGED, EpochReceipt, Receipt
from contract.ranges import RangeSet
from contract.readings import Reading
from tests.campaigns.seeds import Violation
from tests.power_cuts.sqlite_vfs import SqliteOnVolatileDisk
from tests.power_cuts.volatile_disk import VolatileDisk
from tests.simulation.loopless import at_once, run

GATEWAY, BOOT = GatewayId("bb-0001"), BootId("b" * 16)
CUTS_A_CARD = 10
# In changes and flushes of the disk: the first start takes 40, each other 5, a round 3.
FIRST_LIFE, LONGEST_LIFE = 60, 30
BUDGETS = (1 << 30, 1 << 30, 24_000)
WHOLE_CHECK = 0.05
LOST = "lost in a power cut"


Bytes = tuple[str, bytes]


@dataclass(slots=True)
class Sealed:
    """What the outbox said is durable, of one epoch; `maybe` was on its way when the power went."""

    batches: dict[int, Bytes] = field(default_factory=dict)
    maybe: set[int] = field(default_factory=set)
    receipted: int = 0

    def found(self, n: int, data: Bytes) -> None:
        """On the card after a start; raises Violation if it is not what was sealed."""
        if n in self.maybe:  # it reached the card just before the cut
            self.batches[n] = data
        if n not in self.batches:
            raise Violation(f"never sealed: batch {n}")
        if self.batches[n] != data:
            raise Violation(f"altered: batch {n}")


class CardLife:
    """A card, what was sealed on it, and the lives of the agents that used it."""

    def __init__(
        self, host: SqliteOnVolatileDisk, folder: Path, random: Random, *, first_cut: range
    ) -> None:
        self._host = host
        self._path = folder / "outbox.db"
        self._random = random
        self._epochs: dict[Epoch, Sealed] = {}
        self._budget_bytes = random.choice(BUDGETS)
        self._version = 0
        self._starts = 0
        host.disk = VolatileDisk(cut_in=random.choice(first_cut))

    def run(self, cuts: int) -> None:
        """So many cuts; raises Violation in words."""
        for _ in range(cuts):
            self._live_until_cut()
            self._host.disk = self._host.disk.after_cut(self._random, cut_in=self._next_cut())
            if self._random.random() < WHOLE_CHECK:
                self._check_every_page()
        self._host.disk = self._host.disk.after_cut(self._random, cut_in=None)
        self._start()[0].close()

    def _next_cut(self) -> int:
        return self._random.randrange(LONGEST_LIFE)

    def _live_until_cut(self) -> None:
        """A failure while the power is on is the product's; the cut itself is nobody's."""
        file = None
        try:
            file, contents = self._start()
            self._work(Outbox(
                file, contents, gateway=GATEWAY, budget_bytes=self._budget_bytes,
                reserve_bytes=0, in_thread=at_once,
            ))  # fmt: skip
        except OutboxFailed as error:
            if not self._host.disk.off:
                raise Violation(f"refused with the power on: {error}") from error
        finally:
            if file:
                file.close()

    def _start(self) -> tuple[OutboxFile, Contents]:
        """As an agent starts; what the card says must fit what was sealed."""
        self._starts += 1
        epoch = Epoch(f"{self._starts:016x}")
        self._epochs[epoch] = Sealed()
        file, contents = open_outbox(self._path, gateway=GATEWAY, epoch=epoch, boot=BOOT)
        try:
            self._check(file, contents)
        except BaseException:
            file.close()
            raise
        return file, contents

    def _work(self, outbox: Outbox) -> None:
        sealed = self._epochs[outbox.ledger.current.epoch]
        while True:
            n = outbox.ledger.current.sealed + 1
            sealed.maybe.add(n)
            batch = run(outbox.seal(self._round(n)))
            assert batch is not None
            sealed.batches[n] = (batch.sha256, batch.body)
            sealed.maybe.discard(n)
            if self._random.random() < 0.3:
                run(outbox.settle(self._receipt()))

    def _round(self, n: int) -> list[Reading]:
        return [
            Reading(
                asset=AssetId(f"PJU-{at:04}"), kind=Kind.STREETLIGHT, quantity="voltage",
                at_ms=n * 10_000 + at, value=self._random.randint(2_100, 2_400) / 10,
            )
            for at in range(self._random.choice((1, 5, 60)))
        ]  # fmt: skip

    def _receipt(self) -> Receipt:
        """The city has everything up to some number of each epoch."""
        self._version += 1
        said = []
        for epoch, sealed in self._epochs.items():
            last = max(sealed.batches, default=0)
            sealed.receipted = max(sealed.receipted, self._random.randint(0, last))
            if sealed.receipted:
                said.append(EpochReceipt(
                    epoch=epoch, first=1, last=last, committed=[(1, sealed.receipted)], rejected=[],
                ))  # fmt: skip
        return Receipt(gateway=GATEWAY, version=self._version, epochs=said[-40:])

    def _check(self, file: OutboxFile, contents: Contents) -> None:
        records = {record.epoch: record for record in contents.epochs}
        for epoch, sealed in self._epochs.items():
            record = records.get(epoch)
            if record is None:
                if sealed.batches:
                    raise Violation(f"{LOST}: epoch {epoch} with {len(sealed.batches)} batches")
                continue
            for stored in file.bodies(record.id, record.held.ranges):
                sealed.found(stored.n, (stored.sha256, stored.body))
            sealed.maybe.clear()
            _account(record, sealed)

    def _check_every_page(self) -> None:
        """As SQLite's own check reads a copy of it."""
        left = self._host.disk
        self._host.disk = left.copied()
        try:
            with closing(sqlite3.connect(self._path)) as database:
                database.execute("PRAGMA locking_mode=EXCLUSIVE")
                said = database.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            said = str(error)
        finally:
            self._host.disk = left
        if said != "ok":
            raise Violation(f"corrupt: {said}")


def _account(record: EpochRecord, sealed: Sealed) -> None:
    """Whatever is not held any more left with a record of it."""
    gone = RangeSet(one.numbers for one in record.gone)
    missing = [n for n in sealed.batches if n not in record.held and n not in gone]
    if missing:
        raise Violation(f"{LOST}: {len(missing)} of {len(sealed.batches)} sealed batches")
    if invented := [n for n in gone if n not in sealed.batches]:
        raise Violation(f"never sealed: batch {invented[0]}, which is stated as gone")
    for one in record.gone:
        if one.reason == OUTBOX_DAMAGED:
            raise Violation(f"{LOST}, and only counted: batches {one.numbers}")
        if one.state == "evicted" and one.numbers[1] > sealed.receipted:
            raise Violation(f"evicted without a receipt: {one.numbers}")


def run_card(
    seed: int,
    host: SqliteOnVolatileDisk,
    folder: Path,
    *,
    cuts: int = CUTS_A_CARD,
    first_cut: range = range(FIRST_LIFE),
) -> None:
    """One card and its power cuts; raises Violation in words."""
    CardLife(host, folder, Random(seed), first_cut=first_cut).run(cuts)
