"""Kills, freezes and cuts off whatever holds a district together, under load, and counts."""

import argparse
import json
import sys
from collections.abc import Sequence

from scripts.district.judge import Verdict
from scripts.district.process import ProgramError
from scripts.district.progress import DRAIN_S
from scripts.kills.campaign import Wanted, kill_campaign
from scripts.kills.faults import KINDS


def main() -> int:
    """0 if nothing was lost, doubled, out of order or unexplained, judged by counting."""
    said = _parser().parse_args()
    wanted = Wanted(
        store=said.store,
        count=said.count,
        seed=said.first,
        kinds=tuple(said.only or KINDS),
        drain_s=said.drain_s,
    )
    try:
        verdict = kill_campaign(wanted, say=lambda line: print(line, file=sys.stderr, flush=True))
        findings: Sequence[str] = verdict.findings
    except ProgramError as error:
        verdict, findings = Verdict(sheets=(), findings=()), (str(error),)
    for finding in findings:
        print(f"broken: {finding}")
    if findings:
        print(f"  replay: {replay(wanted)}")
    if said.json:
        print(json.dumps(_counts(wanted.count, verdict, broken=bool(findings))))
    return 1 if findings else 0


def replay(wanted: Wanted) -> str:
    """The same faults in the same order."""
    only = "" if wanted.kinds == KINDS else f" --only {' '.join(wanted.kinds)}"
    return (
        f"python -m scripts.kills --store {wanted.store} --first {wanted.seed}"
        f" --count {wanted.count}{only}"
    )


def _counts(done: int, verdict: Verdict, *, broken: bool) -> dict[str, int]:
    tally = verdict.readings
    return {
        "done": done,
        "broken": int(broken),
        "sealed": tally.sealed,
        "committed": tally.committed,
        "held": tally.held,
        "lost": tally.lost,
        "duplicates": tally.duplicates,
        "unsealed": verdict.unsealed,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="how many faults")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--only", nargs="+", choices=KINDS, help="faults of these kinds")
    parser.add_argument(
        "--drain-s", type=float, default=DRAIN_S, help="how long what waits may take in the end"
    )
    parser.add_argument("--first", type=int, default=1, help="the seed")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
