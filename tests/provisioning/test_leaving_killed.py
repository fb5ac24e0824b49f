"""A replacement or retirement that is killed before any of its steps is ended by the next run."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contract.bundle import read_bundle
from contract.messages import Counts
from provisioning.inventory import book
from tests.provisioning.conftest import Centre, Nadi, environment
from tests.provisioning.parting import NAME, READINGS, Parted, parted

pytestmark = pytest.mark.system
AT_MOST, DONE = 60, 0
EVERY = pytest.mark.parametrize(
    "step", [6, pytest.param(1, marks=pytest.mark.nightly)], ids=["every sixth", "every one"]
)


def until_killed(top: Path, line: list[str], step: int) -> int:
    """Its exit code, or the signal that ended it, negative."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.provisioning.dying", str(step), *line], cwd=top,
        env=environment(top), stdin=subprocess.DEVNULL, capture_output=True, check=False,
        timeout=120,
    )  # fmt: skip
    return ended.returncode


def line_of(there: Parted, what: str, *more: str) -> list[str]:
    return [
        "gateway", what, NAME, "--reason", "broken", "--confirm", NAME,
        "--authority", str(there.centre.authority.folder), *more,
    ]  # fmt: skip


def again(nadi: Nadi, line: list[str]) -> None:
    """The next run, with the count where it is asked for."""
    ended = nadi(*line, "--json")
    if ended.code and ended.document["code"] == "E-UNSETTLED-01":
        ended = nadi(*line, "--discard-unsettled", str(READINGS), "--json")
    assert ended.code == 0, ended.out


@EVERY
def test_a_replacement_goes_on_wherever_it_was_killed(
    centre: Centre, tmp_path: Path, nadi: Nadi, step: int
) -> None:
    there = parted(centre, tmp_path)
    line = line_of(there, "replace")
    root, file = centre.authority.root, tmp_path / "bundles" / f"{NAME}.bundle"
    nonces = set()
    for number in range(1, AT_MOST, step):
        hardware = centre.address(NAME)
        count = ["--discard-unsettled", str(READINGS)] if there.lost() == Counts() else []
        code = until_killed(tmp_path, [*line, *count], number)
        if code != DONE:
            assert code == -signal.SIGKILL
            again(nadi, line)
        assert not centre.accepts(hardware), number
        nonces.add(read_bundle(file.read_bytes(), root=root).nonce)
        assert there.lost() == Counts(readings=READINGS)
        assert nadi("authority", "status", "--authority", str(centre.authority.folder)).code == 0
        if code == DONE:
            break
    assert number >= 10
    print(f"replacements={len(range(1, number, step))} each killed at another step")
    assert len(nonces) == len(range(1, number + 1, step)), "each time a bundle of its own"


@pytest.mark.nightly
def test_a_retirement_goes_on_wherever_it_was_killed(
    centre: Centre, tmp_path: Path, nadi: Nadi
) -> None:
    there = parted(centre, tmp_path)
    line = line_of(there, "retire", "--with-assets")
    file = centre.authority.folder / book.FILE
    inventory = file.read_bytes()
    for number in range(1, AT_MOST):
        file.write_bytes(inventory)
        hardware = centre.address(NAME)
        count = ["--discard-unsettled", str(READINGS)] if there.lost() == Counts() else []
        code = until_killed(tmp_path, [*line, *count], number)
        if code != DONE:
            assert code == -signal.SIGKILL
            again(nadi, line)
        assert not centre.accepts(hardware), number
        assert there.lost() == Counts(readings=READINGS)
        with book.opened(file, write=False) as kept:
            assert all(entry.retired for entry in kept.entries().values())
        if code == DONE:
            break
    assert number >= 8
    print(f"retirements={number - 1} each killed at another step")
