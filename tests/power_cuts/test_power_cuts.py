"""No power cut takes a sealed batch, spoils the outbox or keeps an agent from starting."""

import json
from pathlib import Path
from random import Random

import pytest

from tests.campaigns.broken_build import broken_build, control, run_in
from tests.campaigns.seeds import in_words, run_on_every_core
from tests.power_cuts.campaign import CHUNK, Cards
from tests.power_cuts.volatile_disk import PowerCut, VolatileDisk, Write

CARDS = 1_000
CONTROL_CARDS = 100


@pytest.mark.system
def test_no_power_cut_takes_a_sealed_batch_or_keeps_an_agent_from_starting() -> None:
    broken = run_on_every_core(Cards(), 0, CARDS, chunk=CHUNK)
    assert not broken, in_words(broken)


@pytest.mark.system
def test_without_a_flush_more_than_half_of_the_cuts_take_sealed_batches(tmp_path: Path) -> None:
    folder = broken_build(control("synchronous_normal"), tmp_path)
    count = str(CONTROL_CARDS)
    cut_while_sealing = ("--cuts", "1", "--after", "45", "--count", count)
    looked = run_in(folder, "tests.power_cuts", *cut_while_sealing, "--json")
    assert "lost in a power cut" in looked.stdout
    assert json.loads(looked.stdout.splitlines()[-1])["broken"] > CONTROL_CARDS / 2


def wrote(disk: VolatileDisk, data: bytes) -> None:
    disk.open("outbox", create=True, is_log=True)
    disk.files["outbox"].change(Write(0, data))


def left(disk: VolatileDisk, seed: int) -> bytes:
    after = disk.after_cut(Random(seed), cut_in=None)
    return bytes(after.files["outbox"].seen) if "outbox" in after.files else b"no file"


def test_what_was_flushed_survives_every_cut() -> None:
    disk = VolatileDisk()
    wrote(disk, b"sealed")
    disk.flush(disk.files["outbox"])
    assert {left(disk, seed) for seed in range(200)} == {b"sealed"}


def test_what_was_not_flushed_may_be_there_or_torn_or_gone() -> None:
    disk = VolatileDisk()
    wrote(disk, b"ab")
    outcomes = {left(disk, seed) for seed in range(200)}
    assert {b"no file", b"", b"ab"} < outcomes
    assert any(outcome[:1] == b"a" and outcome != b"ab" for outcome in outcomes)


def test_nothing_reaches_the_disk_after_the_cut() -> None:
    disk = VolatileDisk(cut_in=1)
    disk.tick()
    with pytest.raises(PowerCut):
        disk.tick()
    assert disk.off
