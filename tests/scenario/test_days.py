"""Thirty days of random faults: each told once, by its right name and in time."""

from collections.abc import Mapping

import pytest

from agent.events.causes import Topology
from agent.events.condition import Condition, Hold
from agent.events.watch import Judged, WatchedAsset
from agent.learned import Learned
from contract.event_types import EventType
from contract.identity import AssetId
from contract.readings import Event, Phase
from tests.scenario.days import run_days, total
from tests.scenario.faults import FAULTS, lamps_out
from tests.scenario.gateway import Gateway
from tests.scenario.months import run_months

SEEDS = 2  # a hundredth of the nightly campaign's
SHORT_DAYS = 8


def test_every_event_is_somebodys_fault_in_the_district() -> None:
    """A new event needs a fault in `faults.py` that makes it, and a switch in `district.py`."""
    told = {fault.event for fault in (*FAULTS.values(), lamps_out(1))}
    assert told | {EventType.BIN_COLLECTED} == set(EventType)


@pytest.mark.system
def test_every_fault_is_told_by_its_right_name_in_time_and_nothing_else_is() -> None:
    judge_months(SEEDS)


def judge_months(count: int) -> None:
    reports = run_months(range(count))
    for seed, report in enumerate(reports):
        assert len(report.placed) > 100
        assert not report.missed, f"replay: python -m tests.scenario {seed}: {report.missed}"
    false = sum(len(report.false) for report in reports)
    assert false <= count, f"{total(reports)}: {[report.false for report in reports]}"


class Forgetful(Gateway):
    """Knows nothing of what hangs on what."""

    topology = Topology({})


class Hasty(Gateway):
    """Begins every event at the first sign of it."""

    def watched(self, learned: Mapping[AssetId, Learned]) -> list[WatchedAsset]:
        assets = super().watched(learned)
        for one in assets:
            at_once = Hold(begin_ms=0, end_ms=0)
            one.judged = tuple(Judged(each.rule, Condition(at_once)) for each in one.judged)
        return assets


class Amnesiac(Gateway):
    """Forgets at a restart what was open."""

    def restart(self) -> None:
        self._open.clear()
        super().restart()


class Misnamer(Gateway):
    """Calls a dead lamp a dying capacitor."""

    def tell(self, event: Event) -> None:
        names = {EventType.LAMP_FAILURE: EventType.POWER_FACTOR_TOO_LOW}
        kind = names.get(EventType(event.type), EventType(event.type))
        renamed = Event(
            id=event.id, asset=event.asset, kind=event.kind, type=kind,
            phase=event.phase, at_ms=event.at_ms, detail=event.detail,
        )  # fmt: skip
        super().tell(renamed)


class Endless(Gateway):
    """Never tells that anything is over."""

    def tell(self, event: Event) -> None:
        if event.phase is Phase.BEGIN:
            super().tell(event)


@pytest.mark.system
@pytest.mark.parametrize("broken", [Forgetful, Hasty, Amnesiac, Misnamer, Endless])
def test_a_broken_gateway_would_be_found_out(broken: type[Gateway]) -> None:
    report = run_days(0, days=SHORT_DAYS, make=broken)
    assert report.missed or len(report.false) > 1
