"""Whatever call to the card fails, the agent goes on, tells nothing that is not so, counts all."""

import errno
from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, must_break
from tests.campaigns.seeds import in_words, run_on_every_core
from tests.card_faults.campaign import CASES, CHUNK, run_seeds

pytestmark = pytest.mark.system

FEW = [at for at, case in enumerate(CASES) if case.error == errno.EIO and case.when == "once"]
# Where each is to be found, and what is said of it.
EXPECTED = {
    "failed_commit_believed": ("seal, EIO once", "told and not on the card"),
    "ring_forgotten": ("seal, EIO from then on", "unexplained: "),
    "salvage_asks_once": ("salvage, EIO once", "one error lost batches"),
}


def test_no_call_to_the_card_that_fails_crashes_the_agent_or_lets_it_say_what_is_not_so() -> None:
    broken = run_on_every_core(run_seeds, FEW[0], len(FEW), chunk=CHUNK)
    assert not broken, in_words(broken)


@pytest.mark.parametrize("when", ["from then on", "now and then"])
def test_a_card_that_fails_for_good_or_now_and_then_costs_only_what_is_counted(when: str) -> None:
    seal = next(at for at, one in enumerate(CASES) if one.when == when and one.work.name == "seal")
    broken = list(run_seeds(range(seal, seal + 1)))
    assert not broken, in_words(broken)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_outbox_broken_by_one_line_is_found_out(name: str, tmp_path: Path) -> None:
    where, words = EXPECTED[name]
    first = str([str(case) for case in CASES].index(where))
    folder = broken_build(control(name), tmp_path)
    must_break(folder, words, "tests.card_faults", "--first", first, "--count", "1")
