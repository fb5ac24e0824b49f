"""The power is cut again and again, right after a round was sealed: `python -m ... FOLDER`.

The disk is a real ext4 whose device is a file: a copy of that file at any instant is what the cut
leaves, for whatever was not flushed is in the kernel's memory alone.
"""

import logging
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.ranges import RangeSet
from contract.readings import Reading
from scripts.district.loop_disk import loop_disk, mounted
from tests.simulation.loopless import at_once, run

GATEWAY, BOOT = GatewayId("bb-0001"), BootId("b" * 16)
EPOCH, NEXT_EPOCH = Epoch("1" * 16), Epoch("2" * 16)
CUTS = 25
DISK_MB = 16
READINGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was sealed when the power went, and what the next start found."""

    sealed: int
    found: int


def cut_the_power(folder: Path, *, cuts: int = CUTS, random: Random) -> list[Cut]:
    """Seals a round, cuts, looks, goes on; raises OSError where no disk can be mounted."""
    images: list[Path] = []
    with loop_disk(folder, size_mb=DISK_MB) as disk:
        file, contents = open_outbox(
            disk.folder / "outbox.db", gateway=GATEWAY, epoch=EPOCH, boot=BOOT
        )
        outbox = Outbox(
            file,
            contents,
            gateway=GATEWAY,
            budget_bytes=1 << 30,
            reserve_bytes=0,
            in_thread=at_once,
        )
        for number in range(1, cuts + 1):
            run(outbox.seal(_round(number, random)))
            images.append(folder / f"cut-{number}.img")
            shutil.copyfile(folder / "disk.img", images[-1])
        file.close()
    with ThreadPoolExecutor(1) as one_by_one:
        return list(one_by_one.map(_look, images, range(1, cuts + 1)))


def _round(number: int, random: Random) -> list[Reading]:
    return [
        Reading(
            asset=AssetId(f"PJU-{at:04}"),
            kind=Kind.STREETLIGHT,
            quantity="voltage",
            at_ms=number * 10_000 + at,
            value=random.randint(2_100, 2_400) / 10,
        )
        for at in range(READINGS)
    ]


def _look(image: Path, sealed: int) -> Cut:
    """As the agent starts on what is left; every batch must still match its hash."""
    place = image.with_suffix(".mounted")
    with mounted(image, place):
        path = place / "outbox.db"
        file, contents = open_outbox(path, gateway=GATEWAY, epoch=NEXT_EPOCH, boot=BOOT)
        outbox = Outbox(
            file,
            contents,
            gateway=GATEWAY,
            budget_bytes=1 << 30,
            reserve_bytes=0,
            in_thread=at_once,
        )
        held = next((it.held for it in contents.epochs if it.epoch == EPOCH), RangeSet())
        batches = run(outbox.batches(EPOCH, held)) if held else []
        file.close()
    image.unlink()
    return Cut(sealed=sealed, found=len(batches))


def main(folder: Path, say: Callable[[str], None] = print) -> int:
    """0 if no cut took a sealed batch."""
    logging.disable(logging.CRITICAL)
    cuts = cut_the_power(folder, random=Random(1))
    for cut in cuts:
        if cut.found < cut.sealed:
            say(f"lost in a power cut: {cut.sealed - cut.found} of {cut.sealed} sealed batches")
    return 1 if any(cut.found < cut.sealed for cut in cuts) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
