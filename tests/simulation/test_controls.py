"""A build broken by one line is found out by the very schedules that pass otherwise."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import ROOT, broken_build, control, must_break, run_in

pytestmark = pytest.mark.system

SCHEDULES = 400
EXPECTED = {
    "delete_on_puback": (0, "settled while not in the database"),
    "receipt_before_commit": (0, "settled while not in the database"),
    "no_epoch": (0, "does not come together"),
    "epoch_of_the_file": (0, "does not speak of the card"),
    "old_card_outshouts": (0, "does not speak of the card"),
    "resend_never": (0, "does not come together"),
    "receipt_adds": (600, "broken: lost: "),  # a restore, and then nothing that hides it
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_build_broken_by_one_line_is_found_out(name: str, tmp_path: Path) -> None:
    first, words = EXPECTED[name]
    folder = broken_build(control(name), tmp_path)
    seeds = ("--first", str(first), "--count", str(SCHEDULES))
    must_break(folder, words, "tests.simulation", *seeds, "--until-broken")


def test_no_power_cut_takes_a_sealed_batch(tmp_path: Path) -> None:
    looked = run_in(ROOT, "tests.simulation.power_cut", str(tmp_path))
    assert looked.returncode == 0, looked.stdout + looked.stderr


def test_without_a_flush_a_power_cut_takes_sealed_batches(tmp_path: Path) -> None:
    folder, disk = tmp_path / "build", tmp_path / "disk"
    folder.mkdir()
    disk.mkdir()
    broken_build(control("synchronous_normal"), folder)
    must_break(folder, "lost in a power cut", "tests.simulation.power_cut", str(disk))
