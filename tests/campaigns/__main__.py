"""Runs the long campaigns: each goes on where it stopped, as long as the build is the same."""

import argparse
import sys
import time
from datetime import UTC, datetime

from tests.campaigns import page
from tests.campaigns.progress import build_of, state_folder
from tests.campaigns.run import Runner
from tests.campaigns.table import CAMPAIGNS

MINUTES = 75


def main() -> int:
    """0 if nothing broke so far, 1 if something did."""
    wanted = _parser().parse_args()
    names = wanted.campaign or [one.name for one in CAMPAIGNS]
    runner = Runner(
        [one for one in CAMPAIGNS if one.name in names],
        folder=state_folder(),
        build=lambda one: build_of(one.module, whole=one.whole),
        today=datetime.now(UTC).date().isoformat(),
        say=lambda line: print(line, flush=True),
    )
    runner.run(time.monotonic() + wanted.minutes * 60)
    page.write(runner.campaigns, runner.progress)
    return _end(runner)


def _end(runner: Runner) -> int:
    if left := runner.unfinished():
        print(f"not finished: {', '.join(one.name for one in left)}; run it again to go on")
    broken = [name for name, one in runner.progress.items() if one.broken_count]
    print(f"✗ broken: {', '.join(broken)}" if broken else "✓ nothing broke")
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    known = [one.name for one in CAMPAIGNS]
    parser.add_argument("campaign", nargs="*", choices=[*known, []], help=", ".join(known))
    parser.add_argument("--minutes", type=float, default=MINUTES, help="begin no part after these")
    return parser


if __name__ == "__main__":
    sys.exit(main())
