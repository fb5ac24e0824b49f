"""Runs many schedules of faults on the production cores, or replays one with every step."""

import argparse
import logging
import sys

from tests.campaigns.seeds import SeedCommand, Violation
from tests.simulation.campaign import CHUNK, run_seeds
from tests.simulation.schedule import run_schedule
from tests.simulation.workshop import workshop


def main() -> int:
    """0 if every promise was kept."""
    logging.disable(logging.CRITICAL)
    command = SeedCommand(
        prog="python -m tests.simulation",
        about=__doc__ or "",
        unit="schedules",
        count=2_000,
        chunk=CHUNK,
        run_seeds=lambda _: run_seeds,
        replay=_replay,
        add_options=_add_options,
    )
    return command.main()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", metavar="N,N,...", help="replay only these steps of SEED")


def _replay(seed: int, wanted: argparse.Namespace) -> str:
    steps = [int(step) for step in wanted.steps.split(",")] if wanted.steps else None
    with workshop() as place:
        try:
            run_schedule(seed, place, steps, trace=print)
        except Violation as violation:
            return str(violation)
    return ""


if __name__ == "__main__":
    sys.exit(main())
