"""Runs months of random faults, or replays one by its seed."""

import argparse
import sys
import time

from tests.scenario.days import run_days, total
from tests.scenario.judge import Report
from tests.scenario.months import run_months


def _show(report: Report) -> None:
    for one in report.placed:
        print(f"{one.from_min:6} to {one.until_min:6}  {one.name}")


def main() -> int:
    """0 if every fault was told in time, with at most one false event a month."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenario", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="replay this one")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    wanted = parser.parse_args()
    began = time.monotonic()
    if wanted.seed is None:
        seeds = range(wanted.first, wanted.first + wanted.seeds)
        reports = dict(zip(seeds, run_months(seeds), strict=True))
    else:
        reports = {wanted.seed: run_days(wanted.seed)}
        _show(reports[wanted.seed])
    for seed, report in reports.items():
        for words in (*report.missed, *(f"false: {one}" for one in report.false)):
            print(f"seed {seed}: {words}")
    print(f"{total(list(reports.values()))}, {time.monotonic() - began:.0f} s")
    missed = any(report.missed for report in reports.values())
    return 1 if missed or sum(len(one.false) for one in reports.values()) > len(reports) else 0


if __name__ == "__main__":
    sys.exit(main())
