"""Agent, broker, bridge and database die by SIGKILL under load; nothing is lost or doubled."""

import os

import pytest

from scripts.district.private_store import Kind
from scripts.kills import kill_campaign

KILLS = int(os.environ.get("NADI_KILLS", "20"))
STORES: tuple[Kind, ...] = ("sqlite", "postgresql")


def judged(kind: Kind, *, kills: int, seed: int) -> None:
    said: list[str] = []
    verdict = kill_campaign(kind, kills=kills, seed=seed, say=said.append)
    replay = f"python -m scripts.kills --store {kind} --count {kills} --first {seed}"
    assert verdict.good, "\n".join([*verdict.findings, *said, replay])
    assert verdict.readings.committed > 0


@pytest.mark.system
@pytest.mark.parametrize("kind", STORES)
def test_no_kill_loses_or_doubles_a_reading(kind: Kind) -> None:
    judged(kind, kills=KILLS // len(STORES), seed=20)
