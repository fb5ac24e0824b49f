"""A search that would write, or log in twice, is found out by the claims that pass otherwise."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import copy_tree, forget_compiled, must_fail

pytestmark = pytest.mark.system

LINE = "tests/agent/discovery/test_line_search.py"
NETWORK = "tests/agent/discovery/test_network_search.py"
# what is broken: its file, its line, the line instead, the claim that must fail, and its words
BROKEN = {
    "a write instead of a read": (
        "agent/drivers/modbus.py",
        "READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS = 0x03, 0x04",
        "READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS = 0x06, 0x04",
        f"{LINE}::test_a_search_only_reads",
        "assert {4, 6} <= {3, 4}",
    ),
    "a login on each port": (
        "agent/discovery/network_search.py",
        'key = key if one.login == "untried" else None',
        "key = _key(search.account)",
        f"{NETWORK}::test_two_streams_of_one_host_see_one_login",
        "WroteSomething: more than one login",
    ),
    "a community after a login": (
        "agent/discovery/network_search.py",
        "if any(one.is_it for one in (*rtsp, *onvif)):",
        "if any(one.is_it for one in onvif):",
        f"{NETWORK}::test_an_account_is_given_to_a_camera_once_and_no_community_then[True]",
        "WroteSomething: more than one login",
    ),
    "a setting in an ONVIF question": (
        "agent/drivers/onvif_clock.py",
        "<GetSystemDateAndTime xmlns",
        "<SetSystemDateAndTime xmlns",
        f"{NETWORK}::test_cameras_and_access_points_are_found_among_hostile_hosts",
        "WroteSomething: a POST that is no question",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_build_broken_by_one_line_is_found_out(what: str, tmp_path: Path) -> None:
    copy_tree(tmp_path)
    name, line, instead, judge, words = BROKEN[what]
    text = (tmp_path / name).read_text()
    assert text.count(line) == 1, f"the line is no longer in {name}"
    (tmp_path / name).write_text(text.replace(line, instead))
    forget_compiled(tmp_path / name)
    must_fail(tmp_path, judge, words)
