"""Replays one schedule by its seed, step by step: `python -m tests.simulation SEED`."""

import sys

from tests.simulation.schedule import run_schedule, workshop
from tests.simulation.truth import Violation


def main() -> int:
    """0 if the schedule keeps every promise."""
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        print("usage: python -m tests.simulation SEED", file=sys.stderr)
        return 2
    with workshop() as (folder, templates):
        try:
            run_schedule(int(sys.argv[1]), folder, templates, trace=print)
        except Violation as violation:
            print(f"broken: {violation}")
            return 1
    print("every promise was kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
