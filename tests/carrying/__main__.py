"""Pulls the stick out at many moments of many visits, or replays one."""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from tests.campaigns.seeds import SeedCommand, Violation
from tests.carrying.campaign import CHUNK, run_journey, run_seeds


def main() -> int:
    """0 if nothing was lost, doubled or altered unseen."""
    logging.disable(logging.CRITICAL)
    command = SeedCommand(
        prog="python -m tests.carrying",
        about=__doc__ or "",
        unit="unplugs",
        count=1_000,
        chunk=CHUNK,
        run_seeds=lambda _: run_seeds,
        replay=_replay,
        kept="nothing was lost, doubled or altered unseen",
    )
    return command.main()


def _replay(seed: int, _: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory(prefix="nadi-carrying-") as name:
        try:
            run_journey(seed, Path(name), trace=print)
        except Violation as violation:
            return str(violation)
    return ""


if __name__ == "__main__":
    sys.exit(main())
