"""Runs months of random faults, or replays one by its seed."""

import argparse
import json
import sys
import time
from collections.abc import Mapping

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
    parser.add_argument("--count", type=int, default=10, help="how many months")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    wanted = parser.parse_args()
    began = time.monotonic()
    if wanted.seed is None:
        seeds = range(wanted.first, wanted.first + wanted.count)
        reports = dict(zip(seeds, run_months(seeds), strict=True))
    else:
        reports = {wanted.seed: run_days(wanted.seed)}
        _show(reports[wanted.seed])
    for seed, report in reports.items():
        for words in (*report.missed, *(f"false: {one}" for one in report.false)):
            print(f"seed {seed}: {words}")
    print(f"{total(list(reports.values()))}, {time.monotonic() - began:.0f} s")
    missed = sum(len(report.missed) for report in reports.values())
    false = sum(len(report.false) for report in reports.values())
    broken = missed + max(0, false - len(reports))  # one false event a month is borne
    if broken:
        print(f"  replay: python -m tests.scenario SEED, of {', '.join(_broken(reports))}")
    if wanted.json:
        print(json.dumps({"done": len(reports), "broken": broken}))
    return 1 if broken else 0


def _broken(reports: Mapping[int, Report]) -> list[str]:
    return [str(seed) for seed, report in reports.items() if report.missed or report.false]


if __name__ == "__main__":
    sys.exit(main())
