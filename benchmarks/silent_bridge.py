"""`python -m benchmarks.silent_bridge run --settings FILE`: a bridge that tells no state."""

import argparse
import logging
from collections.abc import Iterable

from broker_bridge.config import load_settings
from broker_bridge.feed import Feed
from broker_bridge.run_command import run
from broker_bridge.store import AssetName
from contract.identity import GatewayId


class Silent(Feed):
    """Remembers nothing, so that it has nothing to tell."""

    def note(self, assets: Iterable[AssetName]) -> None:
        """Forgotten at once."""

    def note_gateways(self, gateways: Iterable[GatewayId]) -> None:
        """The same."""


def main() -> None:
    """Until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.silent_bridge")
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--settings", required=True)
    logging.basicConfig(level=logging.INFO)
    run(load_settings(parser.parse_args().settings), feed=Silent)


if __name__ == "__main__":
    main()
