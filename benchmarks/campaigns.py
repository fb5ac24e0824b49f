"""Promises kept: schedules of faults, controls that are found out, and real processes that fail."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.city import ROOT
from benchmarks.figure import Figure, Run, at_least, exactly

SCHEDULES, NIGHTLY_SCHEDULES = 2_000, 100_000
KILLS, NIGHTLY_KILLS = 20, 500
STORES = ("sqlite", "postgresql")
CONTROLS = "tests/simulation/test_controls.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    out: str
    took_s: float

    def said(self) -> dict[str, Any]:
        """The JSON object that is its last line."""
        found: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return found


def measure(run: Run) -> Iterator[Figure]:
    """By the campaigns' own commands."""
    yield from _schedules(run, NIGHTLY_SCHEDULES if run.nightly else SCHEDULES)
    yield _controls(run)
    yield from _kills(run, NIGHTLY_KILLS if run.nightly else KILLS)


def _schedules(run: Run, count: int) -> Iterator[Figure]:
    run.say(f"{count:,} simulated schedules of faults")
    done = _python("tests.simulation", "--count", str(count), "--json")
    said = done.said()
    yield Figure(
        name="campaigns.schedules",
        value=int(said["done"]),
        unit="schedules",
        target=at_least(count),
        detail=f"python -m tests.simulation --count {count}, {done.took_s:.0f} s",
    )
    yield Figure(
        name="campaigns.schedules_broken",
        value=int(said["broken"]),
        unit="schedules",
        target=exactly(0),
        detail="a reading lost or doubled, or a balance that does not close",
    )


def _controls(run: Run) -> Figure:
    run.say("builds that are broken on purpose")
    done = _python("pytest", "-q", "-p", "no:cacheprovider", CONTROLS)
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed)", done.out)}
    if not counts:
        raise OSError(f"{CONTROLS} did not run: {done.out.strip()[-300:]}")
    return Figure(
        name="campaigns.controls_unnoticed",
        value=counts.get("failed", 0),
        unit="controls",
        target=exactly(0),
        detail=f"{counts.get('passed', 0)} tests of {CONTROLS} passed, {done.took_s:.0f} s",
    )


def _kills(run: Run, count: int) -> Iterator[Figure]:
    killed, wrong, took_s = 0, 0, 0.0
    for kind in STORES:
        share = str(count // len(STORES))
        run.say(f"{share} faults of real processes on {kind}")
        done = _python("scripts.kills", "--store", kind, "--count", share, "--json")
        said = done.said()
        killed += int(said["done"])
        wrong += int(said["lost"]) + int(said["duplicates"]) + int(said["broken"])
        took_s += done.took_s
    yield Figure(
        name="campaigns.kills",
        value=killed,
        unit="faults",
        target=at_least(count),
        detail=f"python -m scripts.kills on both stores, {took_s:.0f} s",
    )
    yield Figure(
        name="campaigns.kills_lost_or_doubled",
        value=wrong,
        unit="readings",
        target=exactly(0),
        detail="lost, doubled, or any other finding, judged by counting in the store",
    )


def _python(module: str, *arguments: str) -> _Done:
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.strip():
        raise OSError(f"{module} said nothing: {done.stderr.strip()[-300:]}")
    return _Done(out=done.stdout, took_s=time.monotonic() - began_s)
