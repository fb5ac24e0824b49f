"""Thirty days of random faults: each told once, by its right name and in time."""

import pytest

from agent.events.causes import Topology
from tests.scenario.days import Gateway, run_days

SEEDS, NIGHTLY_SEEDS = 10, 200


@pytest.mark.system
def test_every_fault_is_told_by_its_right_name_in_time_and_nothing_else_is() -> None:
    run_seeds(SEEDS)


class Forgetful(Gateway):
    """Knows nothing of what hangs on what."""

    topology = Topology({})


@pytest.mark.system
def test_a_gateway_that_knows_no_causes_would_be_found_out() -> None:
    report = run_days(0, make=Forgetful)
    assert len(report.false) > 3
    assert any("PJU-01" in words for words in report.false)


@pytest.mark.nightly
def test_every_fault_is_told_over_many_months() -> None:
    run_seeds(NIGHTLY_SEEDS)


def run_seeds(count: int) -> None:
    false = 0
    for seed in range(count):
        report = run_days(seed)
        assert len(report.placed) > 40
        assert not report.missed, f"replay: python -m tests.scenario {seed}: {report.missed}"
        false += len(report.false)
    assert false <= count, f"{false} false events in {count} months"
