"""A stick may be pulled out at any moment: nothing is lost, nothing doubled, nothing settled."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, must_break
from tests.campaigns.seeds import in_words
from tests.carrying.campaign import run_seeds

JOURNEYS = 12


def test_a_stick_pulled_out_at_any_moment_loses_and_doubles_nothing() -> None:
    assert not (broken := list(run_seeds(range(JOURNEYS)))), in_words(broken)


@pytest.mark.system
def test_a_build_that_settles_what_it_copies_is_found_out(tmp_path: Path) -> None:
    folder = broken_build(control("collect_settles_on_copy"), tmp_path)
    seeds = ("--count", str(JOURNEYS), "--until-broken")
    must_break(folder, "readings lost, 0 doubled", "tests.carrying", *seeds)
