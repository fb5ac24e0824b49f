"""Fails every call to the card in turn, for each work and error, or one call again."""

import argparse
import logging
import sys

from tests.campaigns.seeds import SeedCommand
from tests.card_faults.campaign import CASES, CHUNK, one_call, run_seeds


def main() -> int:
    """0 if nothing crashed, and nothing was told that is not so."""
    logging.disable(logging.CRITICAL)
    command = SeedCommand(
        prog="python -m tests.card_faults",
        about=__doc__ or "",
        unit="works and errors",
        count=len(CASES),
        chunk=CHUNK,
        run_seeds=lambda _: run_seeds,
        replay=lambda seed, wanted: one_call(CASES[seed], wanted.call),
        add_options=_add_options,
    )
    return command.main()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--call", type=int, default=0, help="which call fails, of a replay")


if __name__ == "__main__":
    sys.exit(main())
