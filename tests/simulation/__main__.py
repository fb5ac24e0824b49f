"""Runs many schedules, or replays one by its seed with every step."""

import argparse
import json
import logging
import sys

from tests.simulation.campaign import Broken, run_campaign, run_seeds, show_progress
from tests.simulation.schedule import run_schedule
from tests.simulation.truth import Violation
from tests.simulation.workshop import workshop

MAX_SHOWN = 10


def main() -> int:
    """0 if every promise was kept."""
    wanted = _parser().parse_args()
    logging.disable(logging.CRITICAL)
    if wanted.seed is not None:
        return _replay(wanted.seed)
    if wanted.until_broken:
        broken = run_seeds(range(wanted.first, wanted.first + wanted.schedules), stop=True)
    else:
        progress = show_progress(wanted.schedules)
        broken = run_campaign(wanted.first, wanted.schedules, progress=progress)
    _show(broken)
    if wanted.json:
        print(json.dumps({"schedules": wanted.schedules, "broken": len(broken)}))
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="replay this one")
    parser.add_argument("--schedules", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--until-broken", action="store_true", help="stop at the first broken one")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


def _replay(seed: int) -> int:
    with workshop() as (folder, templates):
        try:
            run_schedule(seed, folder, templates, trace=print)
        except Violation as violation:
            print(f"broken: {violation}")
            return 1
    print("every promise was kept")
    return 0


def _show(broken: list[Broken]) -> None:
    for one in broken[:MAX_SHOWN]:
        print(f"broken: {one.words}\n  replay: {one.replay}")


if __name__ == "__main__":
    sys.exit(main())
