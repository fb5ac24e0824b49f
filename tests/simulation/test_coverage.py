"""The simulation runs the production cores themselves, and nearly all of them."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.nightly]

ROOT = Path(__file__).parents[2]
CORES = (
    "agent/outbox/outbox.py",
    "agent/outbox/ledger.py",
    "agent/outbox/file.py",
    "agent/outbox/opening.py",
    "agent/outbox/reading.py",
    "agent/outbox/salvage.py",
    "agent/uplink.py",
    "agent/dating.py",
    "broker_bridge/inbound.py",
    "broker_bridge/ingest.py",
    "broker_bridge/receipts.py",
    "broker_bridge/stores/sqlite_ingest.py",
)
LEAST_PERCENT = 90


# Each with its first seed and how many; in the second, a message comes on a topic of no gateway.
CAMPAIGNS = (
    ("tests.simulation", 0, 120),
    ("tests.simulation", 450, 50),
    ("tests.card_damage", 0, 100),
    ("tests.power_cuts", 0, 10),
    ("tests.card_faults", 4, 1),
    ("tests.card_faults", 6, 1),
    ("tests.card_faults", 28, 1),
)


def test_the_cores_are_covered_by_the_simulations_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as together:
        list(together.map(lambda one: _watched(tmp_path, *one), CAMPAIGNS))
    report = tmp_path / "coverage.json"
    _coverage(tmp_path, "combine", "-q")
    _coverage(tmp_path, "json", "-q", "-o", str(report))
    files = json.loads(report.read_text())["files"]
    covered = {name: round(files[name]["summary"]["percent_covered"], 1) for name in CORES}
    assert min(covered.values()) >= LEAST_PERCENT, covered


def _watched(folder: Path, campaign: str, first: int, count: int) -> None:
    """Only the cores are watched: it costs a third of watching all."""
    seeds = ("--first", str(first), "--count", str(count))
    watched = ("--branch", "--parallel-mode", "--include", ",".join(CORES))
    _coverage(folder, "run", *watched, "-m", campaign, "--until-broken", *seeds)


def _coverage(folder: Path, command: str, *options: str) -> None:
    own = ("--rcfile", os.devnull, "--data-file", str(folder / "coverage"))
    said = [sys.executable, "-m", "coverage", command, *own, *options]
    subprocess.run(said, cwd=ROOT, check=True, timeout=300)
