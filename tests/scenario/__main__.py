"""Runs months of random faults, or replays one by its seed."""

import argparse
import sys
import time

from tests.scenario.days import Report, run_days


def _show(report: Report) -> None:
    for one in report.placed:
        print(f"{one.from_min:6} to {one.until_min:6}  {one.name}")


def main() -> int:
    """0 if every fault was told in time, with at most one false event a month."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenario", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="replay this one")
    parser.add_argument("--seeds", type=int, default=10)
    wanted = parser.parse_args()
    seeds = range(wanted.seeds) if wanted.seed is None else [wanted.seed]
    placed = missed = false = 0
    began = time.monotonic()
    for seed in seeds:
        report = run_days(seed)
        placed += len(report.placed)
        missed += len(report.missed)
        false += len(report.false)
        if wanted.seed is not None:
            _show(report)
        for words in (*report.missed, *(f"false: {one}" for one in report.false)):
            print(f"seed {seed}: {words}")
    took_s = time.monotonic() - began
    words = f"{placed} faults placed, {missed} missed, {false} false"
    print(f"{words} in {len(seeds)} months, {took_s:.0f} s")
    return 1 if missed or false > len(seeds) else 0


if __name__ == "__main__":
    sys.exit(main())
