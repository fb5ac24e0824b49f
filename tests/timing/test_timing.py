"""Whatever is booted, synchronised, stepped and cut off: every stored time is honest."""

import os
from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, must_break
from tests.campaigns.seeds import in_words, run_on_every_core
from tests.timing.campaign import CHUNK, run_seeds

pytestmark = pytest.mark.system

SCHEDULES = int(os.environ.get("NADI_SCHEDULES", "1000"))
EXPECTED = {
    "relative_corrections": "wrong by",
    "believed_unsynchronised": "broken: ",
    "estimates_out_of_order": "out of order",
    "drift_forgotten": "uncertain by",
}


def test_no_schedule_of_boots_and_steps_makes_a_stored_time_dishonest() -> None:
    broken = run_on_every_core(run_seeds, 0, SCHEDULES, chunk=CHUNK)
    assert not broken, in_words(broken)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_build_that_is_wrong_about_time_is_found_out(name: str, tmp_path: Path) -> None:
    folder = broken_build(control(name), tmp_path)
    must_break(folder, EXPECTED[name], "tests.timing", "--count", "1000", "--until-broken")
