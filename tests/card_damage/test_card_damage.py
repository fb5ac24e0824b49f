"""An agent starts on any damaged card, keeps what is intact, and believes nothing else."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, must_break
from tests.campaigns.seeds import in_words, run_on_every_core
from tests.card_damage.campaign import CHUNK, run_seeds

pytestmark = pytest.mark.system

OUTBOXES = 100
EXPECTED = {
    "salvage_believes": "broken: ",
    "salvage_renumbers": "broken: ",
    "salvage_forgotten": "intact batches were not kept",
    "hash_without_number": "never sealed so",
}


def test_no_damage_takes_an_intact_batch_or_has_another_believed() -> None:
    broken = run_on_every_core(run_seeds, 0, OUTBOXES, chunk=CHUNK)
    assert not broken, in_words(broken)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_salvage_broken_by_one_line_is_found_out(name: str, tmp_path: Path) -> None:
    folder = broken_build(control(name), tmp_path)
    seeds = ("--count", str(OUTBOXES), "--until-broken")
    must_break(folder, EXPECTED[name], "tests.card_damage", *seeds)
