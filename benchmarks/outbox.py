"""What one reading costs on the gateway's card: bytes that stay, and bytes that are written."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure, Run, at_most, load
from benchmarks.rounds import FULL, Rounds, values_a_round
from benchmarks.sealing import outbox_in, receipt_for
from contract.identity import GatewayId
from scripts.district.loop_disk import Disk, loop_disk

ROUNDS = 3_000
DISK_MB = 256
GATEWAY = GatewayId("bb-0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    readings: int
    kept_bytes: int  # of the outbox file once closed
    written_bytes: int
    took_s: float


def measure(run: Run) -> Iterator[Figure]:
    """Rounds sealed and settled one after the other, with the settings a gateway has."""
    with ExitStack() as until_done:
        disk: Disk | None = None
        try:
            disk = until_done.enter_context(loop_disk(run.folder, size_mb=DISK_MB))
            how = "counted by the block device of an ext4 of its own (loop), journal included"
        except OSError as error:
            how = f"write_bytes of /proc/self/io, without ext4's journal ({error})"
        run.say(f"sealing and settling {ROUNDS} rounds")
        cost = asyncio.run(_seal_and_settle(disk.folder if disk else run.folder, disk))
    yield Figure(
        name="outbox.kept",
        value=cost.kept_bytes / cost.readings,
        unit="B/reading",
        target=at_most(10),
        detail=f"blocks of outbox.db, nothing evicted, {cost.readings:,} readings",
    )
    yield Figure(
        name="outbox.written",
        value=cost.written_bytes / cost.readings,
        unit="B/reading",
        target=at_most(60),
        detail=f"{how}; {ROUNDS} rounds of {values_a_round(FULL)}, {cost.took_s / ROUNDS * 1e3:.1f}"
        f" ms each; {load()}",
    )


async def _seal_and_settle(folder: Path, disk: Disk | None) -> _Cost:
    rounds, readings = Rounds(FULL), 0
    before, started_s = _written(disk), time.monotonic()
    async with outbox_in(folder, GATEWAY) as outbox:
        for _ in range(ROUNDS):
            batch = await outbox.seal(rounds.take())
            assert batch is not None
            readings += batch.counts.readings
            await outbox.settle(receipt_for(outbox))
    took_s = time.monotonic() - started_s
    return _Cost(
        readings=readings,
        kept_bytes=(folder / "outbox.db").stat().st_blocks * 512,
        written_bytes=_written(disk) - before,
        took_s=took_s,
    )


def _written(disk: Disk | None) -> int:
    if disk:
        return disk.written_bytes()
    os.sync()
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["write_bytes"])
