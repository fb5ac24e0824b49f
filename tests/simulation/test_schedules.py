"""Whatever is lost, doubled, delayed or killed: nothing is lost, doubled or invented."""

import pytest

from tests.campaigns.seeds import in_words, run_on_every_core
from tests.simulation.campaign import CHUNK, run_seeds

SCHEDULES, AT_ONCE = 10_000, 2_000


@pytest.mark.system
@pytest.mark.parametrize("first", range(0, SCHEDULES, AT_ONCE))
def test_no_schedule_of_faults_breaks_a_promise(first: int) -> None:
    broken = run_on_every_core(run_seeds, first, AT_ONCE, chunk=CHUNK)
    assert not broken, in_words(broken)
