"""Cuts the power of many cards under the unmodified sqlite3, or replays one card by its seed.

Writes that were not flushed are lost, kept, reordered or torn, also while a start recovers.
"""

import argparse
import logging
import sys

from tests.campaigns.seeds import SeedCommand
from tests.power_cuts.campaign import CHUNK, Cards, bench
from tests.power_cuts.card_life import CUTS_A_CARD


def main() -> int:
    """0 if no cut took a sealed batch, spoiled the file or kept an agent from starting."""
    logging.disable(logging.CRITICAL)
    command = SeedCommand(
        prog="python -m tests.power_cuts",
        about=__doc__ or "",
        unit=f"cards of {CUTS_A_CARD} cuts",
        count=200,
        chunk=CHUNK,
        run_seeds=_cards,
        replay=_replay,
        add_options=_add_options,
    )
    return command.main()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cuts", type=int, default=CUTS_A_CARD, help="of each card")
    parser.add_argument(
        "--after", type=int, default=0, help="changes before the first; a first start takes 40"
    )


def _cards(wanted: argparse.Namespace) -> Cards:
    return Cards(cuts=wanted.cuts, after=wanted.after)


def _replay(seed: int, wanted: argparse.Namespace) -> str:
    with bench() as (host, folder):
        return _cards(wanted).what_breaks(seed, host, folder)


if __name__ == "__main__":
    sys.exit(main())
