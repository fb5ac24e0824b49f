"""A search that would write, or log in twice, is found out by the claims that pass otherwise."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[3]
PARTS = ("agent", "contract", "scripts", "tests")
LINE = "tests/agent/discovery/test_line_search.py"
NETWORK = "tests/agent/discovery/test_network_search.py"
# what is broken: its file, its line, the line instead, and the claim that must fail
BROKEN = {
    "a write instead of a read": (
        "agent/drivers/modbus.py",
        "READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS = 0x03, 0x04",
        "READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS = 0x06, 0x04",
        f"{LINE}::test_a_search_only_reads",
    ),
    "a login on each port": (
        "agent/discovery/network_search.py",
        'key = key if one.login == "untried" else None',
        "key = _key(search.account)",
        f"{NETWORK}::test_two_streams_of_one_host_see_one_login",
    ),
    "a community after a login": (
        "agent/discovery/network_search.py",
        "if any(one.is_it for one in (*rtsp, *onvif)):",
        "if any(one.is_it for one in onvif):",
        f"{NETWORK}::test_an_account_is_given_to_a_camera_once_and_no_community_then[True]",
    ),
    "a setting in an ONVIF question": (
        "agent/drivers/onvif_clock.py",
        "<GetSystemDateAndTime xmlns",
        "<SetSystemDateAndTime xmlns",
        f"{NETWORK}::test_cameras_and_access_points_are_found_among_hostile_hosts",
    ),
}


def claim(folder: Path, name: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "setup.cfg"), "--rootdir",
         str(folder), "-o", f"pythonpath={folder}", "-p", "no:cacheprovider", name],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_build_broken_by_one_line_is_found_out(what: str, tmp_path: Path) -> None:
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    name, line, instead, judge = BROKEN[what]
    text = (tmp_path / name).read_text()
    assert text.count(line) == 1, f"the line is no longer in {name}"
    (tmp_path / name).write_text(text.replace(line, instead))
    ran = claim(tmp_path, judge)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "1 failed" in ran.stdout
