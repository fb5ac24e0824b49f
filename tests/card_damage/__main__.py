"""Damages many outboxes at random, or one again by its seed; the agent must start on each."""

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
        replay=lambda seed, _: replayed(seed),
    )
    return command.main()


if __name__ == "__main__":
    sys.exit(main())
