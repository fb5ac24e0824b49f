"""Fills small cards, kills their agents at random, and compares each loss with the truth."""

import argparse
import logging
import sys
from pathlib import Path

from tests.campaigns.seeds import SeedCommand, Violation
from tests.full_card.campaign import CHUNK, run_seeds, what_breaks
from tests.full_card.trial import KILLS, trial


def main() -> int:
    """0 if the loss ledger equals the truth, to the reading."""
    logging.disable(logging.CRITICAL)
    command = SeedCommand(
        prog="python -m tests.full_card",
        about=__doc__ or "",
        unit=f"cards of {KILLS} kills",
        count=2,
        chunk=CHUNK,
        run_seeds=lambda _: run_seeds,
        replay=_replay,
        add_options=_add_options,
    )
    return command.main()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=KILLS, help="of the card that is replayed")
    parser.add_argument("--on", type=Path, help="a small file system that is mounted already")


def _replay(seed: int, wanted: argparse.Namespace) -> str:
    if not wanted.on:
        return what_breaks(seed, kills=wanted.kills)
    try:
        print(trial(seed, wanted.on, kills=wanted.kills))
    except Violation as violation:
        return str(violation)
    return ""


if __name__ == "__main__":
    sys.exit(main())
