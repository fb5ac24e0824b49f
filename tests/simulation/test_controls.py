"""A build broken by one line is found out by the very schedules that pass otherwise."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
CONTROLS = ROOT / "tests" / "controls"
PARTS = ("agent", "broker_bridge", "contract", "scripts", "tests/simulation")
SCHEDULES = 400
EXPECTED = {
    "delete_on_puback": "settled while not in the database",
    "receipt_before_commit": "settled while not in the database",
    "no_epoch": "broken: ",
    "resend_never": "does not come together",
}


def broken_build(patch: Path, folder: Path) -> Path:
    """A copy of the tree with one line of production code changed."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    applied = subprocess.run(
        ["git", "apply", str(patch)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert applied.returncode == 0, f"{patch.name} no longer fits: {applied.stderr}"
    return folder


def run_in(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def control(name: str) -> Path:
    patch = CONTROLS / f"{name}.patch"
    assert [line[0] for line in changed_lines(patch)] == ["-", "+"]
    return patch


def changed_lines(patch: Path) -> list[str]:
    lines = patch.read_text().splitlines()
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_build_broken_by_one_line_is_found_out(name: str, tmp_path: Path) -> None:
    folder = broken_build(control(name), tmp_path)
    command = ("tests.simulation", "--schedules", str(SCHEDULES), "--until-broken")
    found = run_in(folder, *command)
    assert found.returncode == 1, f"{name} was not found out: {found.stdout}{found.stderr}"
    assert EXPECTED[name] in found.stdout


def test_no_power_cut_takes_a_sealed_batch(tmp_path: Path) -> None:
    looked = run_in(ROOT, "tests.simulation.power_cut", str(tmp_path))
    assert looked.returncode == 0, looked.stdout + looked.stderr


def test_without_a_flush_a_power_cut_takes_sealed_batches(tmp_path: Path) -> None:
    folder, disk = tmp_path / "build", tmp_path / "disk"
    folder.mkdir()
    disk.mkdir()
    broken_build(control("synchronous_normal"), folder)
    looked = run_in(folder, "tests.simulation.power_cut", str(disk))
    assert looked.returncode == 1, looked.stdout + looked.stderr
    assert "lost in a power cut" in looked.stdout


def test_every_control_is_expected_somewhere() -> None:
    named = {patch.stem for patch in CONTROLS.glob("*.patch")}
    assert named == set(EXPECTED) | {"synchronous_normal"}
