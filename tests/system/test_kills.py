"""Agents, broker, bridges and database die, freeze and are cut off under load; nothing is lost."""

import os

import pytest

from scripts.district.private_store import Kind
from scripts.kills.__main__ import replay
from scripts.kills.campaign import Wanted, kill_campaign

KILLS = int(os.environ.get("NADI_KILLS", "20"))
STORES: tuple[Kind, ...] = ("sqlite", "postgresql")


@pytest.mark.system
@pytest.mark.parametrize("store", STORES)
def test_no_fault_of_a_process_or_a_line_loses_or_doubles_a_reading(store: Kind) -> None:
    said: list[str] = []
    wanted = Wanted(store=store, count=KILLS // len(STORES), seed=20)
    verdict = kill_campaign(wanted, say=said.append)
    assert verdict.good, "\n".join([*verdict.findings, *said, replay(wanted)])
    assert verdict.readings.committed > 0
