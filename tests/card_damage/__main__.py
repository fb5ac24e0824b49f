"""Damages many outboxes at random, or one again by its seed; the agent must start on each."""

import argparse
import logging
import sys

from tests.campaigns.seeds import SeedCommand
from tests.card_damage.campaign import CHUNK, replayed, run_seeds


def main() -> int:
    """0 if every intact batch was kept, and no other believed."""
    logging.disable(logging.CRITICAL)
    command = SeedCommand(
        prog="python -m tests.card_damage",
        about=__doc__ or "",
        unit="damaged outboxes",
        count=100,
        chunk=CHUNK,
        run_seeds=lambda _: run_seeds,
        replay=_replay,
    )
    return command.main()


def _replay(seed: int, _: argparse.Namespace) -> int:
    words = replayed(seed)
    print(f"broken: {words}" if words else "every promise was kept")
    return 1 if words else 0


if __name__ == "__main__":
    sys.exit(main())
