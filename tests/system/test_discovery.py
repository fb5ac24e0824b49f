"""`nadi-agent discover` as a technician runs it, on a line of simulated meters."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.document import load_document
from contract.settings import AgentSettings
from scripts.district.process import python_program

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
DISTRICT = """
[[line]]
name = "pju"
port = "pju"
baud = 9600
[[line.device]]
type = "pzem004t"
asset = "PJU-1"
address = 2
[[line.device]]
type = "pzem004t"
asset = "PJU-2"
address = 5
[[line]]
name = "bin"
port = "bin"
baud = 9600
[[line.device]]
type = "a02yyuw"
asset = "TPS-1"
"""
REST = """
[gateway]
city = "baubau"
id = "bb-0001"
[broker]
host = "broker.example"
ca_file = "/etc/nadi/ca.pem"
cert_file = "/etc/nadi/gateway.pem"
key_file = "/etc/nadi/gateway.key"
"""


@pytest.fixture
def ports(simulated: Callable[[str], Path]) -> Path:
    return simulated(DISTRICT)


def discover(folder: Path, *arguments: str) -> tuple[int, str, str]:
    (folder / "out").mkdir(exist_ok=True)
    program = python_program(
        "discover", "agent", "discover", *arguments, folder=folder / "out", root=ROOT
    )
    program.start()
    code = program.wait(deadline_s=PATIENCE_S)
    return code, program.out_file.read_text(), program.log_file.read_text()


def test_meters_are_found_and_the_settings_can_be_pasted(tmp_path: Path, ports: Path) -> None:
    code, said, _ = discover(tmp_path, "--line", str(ports / "pju"), "--addresses", "1-6")
    assert code == 0
    pasted = said[said.index("[[serial]]") :]
    for number in (1, 2):
        pasted = pasted.replace('asset = ""', f'asset = "PJU-{number}"', 1)
    settings = load_document(AgentSettings, REST + pasted, name="agent.toml")
    found = [(one.driver, getattr(one, "address", 0)) for one in settings.serial[0].device]
    assert found == [("pzem004t", 2), ("pzem004t", 5)]


def test_a_bin_sensor_is_heard(tmp_path: Path, ports: Path) -> None:
    code, said, _ = discover(tmp_path, "--line", str(ports / "bin"), "--json")
    assert code == 0
    assert [one["driver"] for one in json.loads(said)["found"]] == ["a02yyuw"]


def test_a_silent_line_is_said_with_what_to_look_at(tmp_path: Path, ports: Path) -> None:
    code, said, _ = discover(
        tmp_path, "--line", str(ports / "pju"), "--addresses", "9", "--baud", "9600"
    )
    assert code == 1
    assert "✗ nothing answers" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--line", "/dev/nadi-none"), "the serial port /dev/nadi-none is missing"),
        (("--line", "/dev/null", "--addresses", "0-9"), "--addresses 0-9 is no range"),
        (("--line", "/dev/null", "--timeout-ms", "1"), "--timeout-ms is out of range"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    code, _, said = discover(tmp_path, *arguments)
    assert code in (1, 2)
    assert expected in said
    assert "Traceback" not in said
