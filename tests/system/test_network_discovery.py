"""`nadi-agent discover --network` as a technician runs it, on a district on loopback addresses."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.config import load
from scripts.district.ports import free_port
from scripts.district.process import python_program
from tests.system.snmpd import COMMUNITY, answers, snmpd

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
PASSWORD = "kata-sandi-kamera"
CAMERA, ACCESS_POINT = "127.0.0.3", "127.0.0.6"
SETTINGS = """
[gateway]
city = "baubau"
id = "bb-0001"
[broker]
ca_file = "/etc/nadi/ca.pem"
cert_file = "/etc/nadi/gateway.pem"
key_file = "/etc/nadi/gateway.key"
"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """One camera and one access point; how to ask for them."""
    rtsp, snmp = free_port(Random()), free_port(Random())
    document = tmp_path / "district.toml"
    document.write_text(f"""
[[camera]]
asset = "CAM-1"
host = "{CAMERA}"
port = {rtsp}
path = "/Streaming/Channels/101"
password = "{PASSWORD}"
[[access_point]]
asset = "WIFI-1"
host = "{ACCESS_POINT}"
port = {snmp}
""")
    arguments = ("firmware_sim", "run", str(document), "--dir", str(tmp_path / "dev"))
    sim = python_program("sim", *arguments, folder=tmp_path, root=ROOT)
    sim.start()
    sim.ready_line(deadline_s=PATIENCE_S)
    yield (
        "--network", "127.0.0.0/28", "--rtsp-port", str(rtsp), "--snmp-port", str(snmp),
        "--http-port", str(free_port(Random())), "--https-port", str(free_port(Random())),
    )  # fmt: skip
    sim.stop()


def discover(folder: Path, *arguments: str) -> tuple[int, str, str]:
    program = python_program("discover", "agent", "discover", *arguments, folder=folder, root=ROOT)
    program.start()
    code = program.wait(deadline_s=PATIENCE_S)
    said = program.out_file.read_text(), program.log_file.read_text()
    program.out_file.unlink()
    return code, *said


def test_a_camera_and_an_access_point_are_written_with_the_account_that_was_accepted(
    tmp_path: Path, network: tuple[str, ...]
) -> None:
    settings, secret = tmp_path / "agent.toml", tmp_path / "password"
    settings.write_text(SETTINGS)
    settings.chmod(0o640)
    secret.write_text(PASSWORD + "\n")
    account = (
        "--user",
        "nadi",
        "--password",
        f"file:{secret}",
        "--path",
        "/Streaming/Channels/101",
    )
    asked = (*network, *account, "--write", str(settings), "--asset", f"{CAMERA}=CAM-0001")
    code, said, told = discover(tmp_path, *asked)
    assert code == 0
    assert PASSWORD not in said + told
    assert 'password = "***"' in said
    (line,) = load(settings).network
    assert [(one.asset, one.driver, getattr(one, "host", "")) for one in line.device] == [
        ("CAM-0001", "rtsp_camera", CAMERA),
        (f"NEW-{ACCESS_POINT}", "snmp_access_point", ACCESS_POINT),
    ]
    assert getattr(line.device[0], "password", "") == PASSWORD
    assert getattr(line.device[1], "profile", "") == "mikrotik"
    before = settings.read_bytes()
    code, said, _ = discover(tmp_path, *network, "--settings", str(settings), "--write")
    assert code == 0
    assert "nothing was changed" in said
    assert settings.read_bytes() == before


def test_without_an_account_nothing_is_given_and_one_document_comes_out(
    tmp_path: Path, network: tuple[str, ...]
) -> None:
    code, said, _ = discover(tmp_path, *network, "--json")
    report: dict[str, Any] = json.loads(said)
    assert code == 0
    assert (report["schema"], report["search"], report["hosts"]) == (1, "network", 14)
    assert [(one["host"], one["login"]) for one in report["found"]] == [
        (CAMERA, "untried"),
        (ACCESS_POINT, "accepted"),
    ]


@pytest.fixture
def net_snmp(tmp_path: Path) -> Iterator[int]:
    program, port = snmpd(tmp_path)
    program.start()
    program.wait_until(lambda: answers(port), what="answering", deadline_s=PATIENCE_S)
    yield port
    program.stop()


def test_another_makers_agent_is_named_by_its_own_words(tmp_path: Path, net_snmp: int) -> None:
    secret = tmp_path / "community"
    secret.write_text(COMMUNITY)
    asked = ("--network", "127.0.0.1/32", "--snmp-port", str(net_snmp), "--rtsp-port", "9")
    code, said, told = discover(tmp_path, *asked, "--community", f"file:{secret}")
    assert code == 0
    assert "? 127.0.0.1" in said
    assert "an SNMP device of a maker not known here: " in said
    assert COMMUNITY not in said + told
    assert discover(tmp_path, *asked)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--network", "8.8.8.0/24"), "is in the public Internet"),
        (("--network", "10.0.0.0/8"), "has 16777216 addresses, 1024 at most"),
        (
            ("--network", "127.0.0.1/32", "--user", "nadi", "--password", "rahasia"),
            "--password on the command line can be read by everybody",
        ),
        (
            ("--network", "127.0.0.1/32", "--user", "nadi"),
            "--password is missing",
        ),
        (
            ("--network", "127.0.0.1/32", "--community", "rahasia"),
            "--community on the command line can be read by everybody",
        ),
        (("--network", "127.0.0.1/32", "--pace", "0"), "--pace is out of range"),
    ],
)
def test_what_must_not_be_searched_is_refused_in_words(
    tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    code, _, said = discover(tmp_path, *arguments)
    assert code == 2
    assert expected in said
    assert "rahasia" not in said
    assert "Traceback" not in said
