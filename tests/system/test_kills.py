"""Agents, broker, bridges and database die, freeze and are cut off under load; nothing is lost."""

import os
from pathlib import Path

import pytest

from scripts.district.private_store import Kind
from scripts.kills.__main__ import replay
from scripts.kills.campaign import Wanted, kill_campaign
from tests.campaigns.broken_build import broken_build, control, must_break

# Which faults it takes, and what is then said.
EXPECTED = {
    "reconnects_never": ("partition", "its backlog did not drain"),
    "times_without_their_base": ("kill", "is stored with a time before"),
}
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


@pytest.mark.system
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_build_broken_by_one_line_is_found_out(name: str, tmp_path: Path) -> None:
    kind, words = EXPECTED[name]
    folder = broken_build(control(name), tmp_path)
    faults = ("--only", kind, "--count", "4", "--drain-s", "10")
    must_break(folder, words, "scripts.kills", *faults)
