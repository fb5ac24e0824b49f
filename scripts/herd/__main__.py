"""Cuts a whole city off, lets it come back at once, and counts what was promised."""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from scripts.district.process import ProgramError
from scripts.herd.herd import Wanted, herd

MEMORY = Path("/dev/shm")


def main() -> int:
    """0 if everyone was heard in time and nothing was lost, each time."""
    said = _parser().parse_args()
    wanted = Wanted(store=said.store, uplinks=said.uplinks, waiting=said.waiting)
    broken = 0
    for seed in range(said.first, said.first + said.count):
        broken += _once(replace(wanted, seed=seed))
    if said.json:
        print(json.dumps({"done": said.count, "broken": broken}))
    return 1 if broken else 0


def _once(wanted: Wanted) -> bool:
    """Whether a promise was broken; five hundred cards lie in memory where they can."""
    if MEMORY.is_dir():  # a database that root starts is let through temporary folders only
        tempfile.tempdir = str(MEMORY)
    with tempfile.TemporaryDirectory(prefix="nadi-herd-") as folder:
        try:
            verdict = herd(wanted, Path(folder))
        except ProgramError as error:
            print(f"broken: {error}\n  replay: {_replay(wanted)}")
            return True
    for finding in verdict.findings[:10]:
        print(f"broken: {finding}")
    if verdict.findings:
        print(f"  replay: {_replay(wanted)}")
    print(
        f"{wanted.uplinks} uplinks: {verdict.sealed:,} readings; the last was heard"
        f" {verdict.slowest_return_s:.1f} s after the outage; live p99 {verdict.live_p99_s:.2f} s",
        file=sys.stderr,
    )
    return bool(verdict.findings)


def _replay(wanted: Wanted) -> str:
    return (
        f"python -m scripts.herd --store {wanted.store} --first {wanted.seed} --count 1"
        f" --uplinks {wanted.uplinks} --waiting {wanted.waiting}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.herd", description=__doc__)
    parser.add_argument("--count", type=int, default=1, help="how many outages, each of a new city")
    parser.add_argument("--first", type=int, default=1, help="the seed")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--uplinks", type=int, default=500)
    parser.add_argument("--waiting", type=int, default=2_000, help="readings of each, cut off")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
