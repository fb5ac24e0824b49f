"""Whatever is booted, synchronised, stepped and cut off: every stored time is honest."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.simulation.test_controls import broken_build, run_in
from tests.timing.__main__ import run_campaign

SCHEDULES = int(os.environ.get("NADI_SCHEDULES", "1000"))
NIGHTLY_SCHEDULES = int(os.environ.get("NADI_SCHEDULES", "100000"))
CONTROLS = Path(__file__).parents[1] / "controls" / "time"
EXPECTED = {
    "relative_corrections": "wrong by",
    "believed_unsynchronised": "broken: ",
    "estimates_out_of_order": "out of order",
    "drift_forgotten": "uncertain by",
}


def in_words(broken: list[object]) -> str:
    return "\n".join(map(str, broken[:10]))


@pytest.mark.system
def test_no_schedule_of_boots_and_steps_makes_a_stored_time_dishonest() -> None:
    broken = run_campaign(0, SCHEDULES)
    assert not broken, in_words([*broken])


@pytest.mark.nightly
def test_no_schedule_of_a_hundred_thousand_makes_a_stored_time_dishonest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        broken = run_campaign(1_000_000, NIGHTLY_SCHEDULES)
    assert not broken, in_words([*broken])


@pytest.mark.system
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_build_that_is_wrong_about_time_is_found_out(name: str, tmp_path: Path) -> None:
    folder = broken_build(CONTROLS / f"{name}.patch", tmp_path)
    command = ("tests.timing", "--schedules", "1000", "--until-broken")
    found: subprocess.CompletedProcess[str] = run_in(folder, *command)
    assert found.returncode == 1, f"{name} was not found out: {found.stdout}{found.stderr}"
    assert EXPECTED[name] in found.stdout


def test_every_control_of_time_is_expected() -> None:
    assert {patch.stem for patch in CONTROLS.glob("*.patch")} == set(EXPECTED)
