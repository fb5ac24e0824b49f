"""On a full card, whatever moment the agent is killed at, each loss is named to the reading."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, must_break
from tests.campaigns.seeds import in_words, run_on_every_core
from tests.full_card.campaign import CHUNK, NO_WAY, run_seeds, way_to_mount

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not way_to_mount(), reason=NO_WAY),
]

CARDS = 2  # of ten kills each


def test_on_a_full_card_the_loss_ledger_equals_the_truth_whenever_the_agent_is_killed() -> None:
    broken = run_on_every_core(run_seeds, 0, CARDS, chunk=CHUNK)
    assert not broken, in_words(broken)


@pytest.mark.parametrize(
    ("name", "words"),
    [("loss_not_recorded", "ended by itself"), ("loss_miscounted", "1999 readings of 2000")],
)
def test_a_loss_that_is_not_written_down_to_the_reading_is_found_out(
    name: str, words: str, tmp_path: Path
) -> None:
    folder = broken_build(control(name), tmp_path)
    must_break(folder, words, "tests.full_card", "--count", "1")
