"""Sends bad messages of every kind among ten times as many good ones, and counts in the store."""

import argparse
import json
import sys

from tests.poison.campaign import poison_campaign


def main() -> int:
    """0 if all good are stored once and all bad are in quarantine with a reason."""
    wanted = _parser().parse_args()
    outcome = poison_campaign(wanted.store, bad=wanted.count, seed=wanted.first)
    for finding in outcome.findings:
        print(f"broken: {finding}")
    if outcome.findings:
        numbers = f"--first {wanted.first} --count {wanted.count}"
        print(f"  replay: python -m tests.poison --store {wanted.store} {numbers}")
    if wanted.json:
        counts = {"good": outcome.good, "bad": outcome.bad}
        print(json.dumps({"done": wanted.count, "broken": len(outcome.findings), **counts}))
    return 1 if outcome.findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.poison", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="how many bad messages")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--first", type=int, default=0, help="the seed")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
