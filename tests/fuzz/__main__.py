"""Feeds spoilt inputs to one decoder, or replays one seed of a thousand inputs."""

import argparse
import sys

from tests.campaigns.seeds import SeedCommand
from tests.fuzz.campaign import CHUNK, Fuzz
from tests.fuzz.decoders import DECODERS


def main() -> int:
    """0 if nothing but its documented errors came of it."""
    return SeedCommand(
        prog="python -m tests.fuzz",
        about=__doc__ or "",
        unit="thousands of inputs",
        count=100,
        chunk=CHUNK,
        run_seeds=lambda wanted: Fuzz(wanted.decoder),
        replay=lambda seed, wanted: Fuzz(wanted.decoder).seed(seed),
        kept="nothing but documented errors",
        add_options=_options,
    ).main()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--decoder", choices=sorted(DECODERS), default="batch")


if __name__ == "__main__":
    sys.exit(main())
