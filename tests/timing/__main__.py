"""Runs many schedules of boots, synchronisations and steps, or replays one by its seed."""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from tests.campaigns.seeds import SeedCommand, Violation
from tests.timing.campaign import CHUNK, run_seeds
from tests.timing.schedule import Town, make_template, run_schedule


def main() -> int:
    """0 if every stored time was honest."""
    logging.disable(logging.CRITICAL)
    command = SeedCommand(
        prog="python -m tests.timing",
        about=__doc__ or "",
        unit="schedules",
        count=1_000,
        chunk=CHUNK,
        run_seeds=lambda _: run_seeds,
        replay=_replay,
        kept="every stored time was honest",
    )
    return command.main()


def _replay(seed: int, _: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory(prefix="nadi-timing-") as name:
        make_template(template := Path(name) / "template.db")
        try:
            run_schedule(seed, Path(name), template, Town(), trace=print)
        except Violation as violation:
            return str(violation)
    return ""


if __name__ == "__main__":
    sys.exit(main())
