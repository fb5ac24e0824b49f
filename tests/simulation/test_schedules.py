"""Whatever is lost, doubled, delayed or killed: nothing is lost, doubled or invented."""

import os

import pytest

from tests.simulation.campaign import Broken, run_campaign, show_progress

SCHEDULES = int(os.environ.get("NADI_SCHEDULES", "2000"))
NIGHTLY_SCHEDULES = int(os.environ.get("NADI_SCHEDULES", "100000"))


def in_words(broken: list[Broken]) -> str:
    return "\n".join(f"{one.words}\n  replay: {one.replay}" for one in broken[:10])


@pytest.mark.system
def test_no_schedule_of_faults_breaks_a_promise() -> None:
    broken = run_campaign(0, SCHEDULES)
    assert not broken, in_words(broken)


@pytest.mark.nightly
def test_no_schedule_of_a_hundred_thousand_breaks_a_promise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        broken = run_campaign(
            1_000_000, NIGHTLY_SCHEDULES, progress=show_progress(NIGHTLY_SCHEDULES)
        )
    assert not broken, in_words(broken)
