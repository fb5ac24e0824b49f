"""Lets a gateway live for days of its own clock, or for real minutes, and says what grew."""

import argparse
import json
import logging
import sys
import tempfile
from pathlib import Path

from scripts.district.loop_disk import loop_disk
from tests.soak.footprint import settled, slope, what_grows
from tests.soak.minutes import watch
from tests.soak.month import live

DISK_MB = 256


def main() -> int:
    """0 if nothing grew that a gateway cannot bear for years, and nothing was lost."""
    wanted = _parser().parse_args()
    logging.getLogger("nadi").setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="nadi-soak-") as name:
        broken = (_minutes if wanted.real else _days)(Path(name), wanted)
    for words in broken:
        print(f"broken: {words}")
    if wanted.json:
        print(json.dumps({"done": wanted.count, "broken": len(broken)}))
    return 1 if broken else 0


def _days(folder: Path, wanted: argparse.Namespace) -> list[str]:
    with loop_disk(folder, size_mb=DISK_MB) as disk:
        before = disk.written_bytes()
        life = live(disk.folder, wanted.count, every_hours=wanted.hours, say=_say)
        written_mb = (disk.written_bytes() - before) / 1e6 / wanted.count
    _say(
        f"{life.sealed.readings:,} readings and {life.events} faults sealed,"
        f" {life.waiting.readings:,} wait, {life.lost.readings:,} lost; {written_mb:.0f} MB a day"
        f" written; memory {slope(settled(life.samples))}"
    )
    broken = what_grows(life.samples, written_mb=written_mb)
    if life.lost.readings or life.waiting.readings:
        broken.append(f"{life.lost.readings} readings lost, {life.waiting.readings} left behind")
    return broken


def _minutes(folder: Path, wanted: argparse.Namespace) -> list[str]:
    samples, sealed = watch(folder, wanted.count, say=_say)
    _say(f"{sealed:,} readings sealed; memory {slope(settled(samples))}")
    return what_grows(samples)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--first", type=float, default=0, help="days that are done already")
    parser.add_argument("--count", type=float, default=30, help="how many days, or minutes")
    parser.add_argument("--hours", type=float, default=6, help="between two looks at its memory")
    parser.add_argument("--real", action="store_true", help="minutes of a real agent instead")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
