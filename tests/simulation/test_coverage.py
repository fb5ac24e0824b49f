"""The simulation runs the production cores themselves, and nearly all of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
CORES = (
    "agent/outbox/outbox.py",
    "agent/outbox/ledger.py",
    "agent/outbox/file.py",
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


def test_the_cores_are_covered_by_the_simulations_alone(tmp_path: Path) -> None:
    data, report = tmp_path / "coverage", tmp_path / "coverage.json"
    coverage = [sys.executable, "-m", "coverage"]
    run = [*coverage, "run", "--append", "--data-file", str(data), "-m"]
    for campaign in (
        ["tests.simulation", "--count", "500"],
        ["tests.card_damage", "--count", "120"],
        ["tests.power_cuts", "--count", "20"],
    ):
        subprocess.run([*run, *campaign, "--until-broken"], cwd=ROOT, check=True, timeout=900)
    subprocess.run(
        [*coverage, "json", "-q", "--data-file", str(data), "-o", str(report)], cwd=ROOT, check=True
    )
    files = json.loads(report.read_text())["files"]
    covered = {name: round(files[name]["summary"]["percent_covered"]) for name in CORES}
    assert min(covered.values()) >= LEAST_PERCENT, covered
