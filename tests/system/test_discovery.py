"""`nadi-agent discover` as a technician runs it, on a line of simulated meters."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.config import load
from contract.document import load_document
from contract.settings import AgentSettings
from scripts.district.certificates import Authority
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
# One of every type that has a map here, and the two lamps of a DALI gateway.
EVERYTHING = """
[[line]]
name = "all"
port = "all"
[[line.device]]
type = "pzem004t"
asset = "PJU-1"
address = 2
[[line.device]]
type = "sdm120"
asset = "PJU-2"
address = 3
[[line.device]]
type = "sdm630"
asset = "PANEL-1"
address = 4
[[line.device]]
type = "intesis_dali"
asset = "DALI-1"
address = 5
[[line.device.lamp]]
asset = "PJU-10"
short_address = 0
[[line.device.lamp]]
asset = "PJU-13"
short_address = 3
[[line.device]]
type = "urm13"
asset = "TPS-1"
address = 11
[[line.device]]
type = "sen0492"
asset = "TPS-2"
address = 80
[[line]]
name = "text"
port = "text"
[[line.device]]
type = "maxbotix"
asset = "TPS-3"
"""
# A gateway whose city cannot be reached: it reads its line all the same.
REST = """
[health]
enabled = false
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


def test_what_is_found_is_written_once(tmp_path: Path, ports: Path) -> None:
    settings = tmp_path / "agent.toml"
    settings.write_text(REST)
    asked = ("--line", str(ports / "pju"), "--addresses", "2,5", "--write", str(settings))
    code, said, _ = discover(tmp_path, *asked, "--asset", "2=PJU-0002", "--json")
    assert code == 0
    report = json.loads(said)
    assert (report["schema"], report["search"]) == (1, "line")
    assert 'asset = "PJU-0002"' in report["written"]["added"]
    assert [one.asset for one in load(settings).devices()] == ["PJU-0002", "NEW-pju-5"]
    before = settings.read_bytes()
    code, said, _ = discover(tmp_path, *asked)
    assert code == 0
    assert "= 9600 baud, address 2" in said
    assert "has all of it already; nothing was changed" in said
    assert settings.read_bytes() == before


@pytest.fixture
def held(tmp_path: Path, ports: Path, authority: Authority) -> Iterator[Path]:
    """The settings of an agent that holds the line of meters, of which it knows one."""
    settings, socket = tmp_path / "agent.toml", Path(f"/tmp/nadi-{os.getpid()}-discover.sock")
    line = f"""
[[serial]]
name = "pju"
port = "{ports / "pju"}"
[[serial.device]]
driver = "pzem004t"
asset = "PJU-1"
address = 2
"""
    own = authority.client("bb-0001")
    rest = REST.replace(
        'id = "bb-0001"',
        f"""id = "bb-0001"
data_dir = "{tmp_path / "data"}"
socket = "{socket}"
""",
    )
    rest = rest.replace("/etc/nadi/ca.pem", str(own.ca_file)).replace("broker.example", "127.0.0.1")
    rest = rest.replace("/etc/nadi/gateway.pem", str(own.cert_file))
    settings.write_text(rest.replace("/etc/nadi/gateway.key", str(own.key_file)) + line)
    arguments = ("agent", "run", "--settings", str(settings))
    agent = python_program("agent", *arguments, folder=tmp_path, root=ROOT)
    agent.start_and_wait(deadline_s=PATIENCE_S)
    agent.wait_until(socket.exists, what="its socket", deadline_s=PATIENCE_S)
    yield settings
    agent.stop()
    socket.unlink(missing_ok=True)


def test_on_a_line_that_the_agent_holds_it_looks_for_you(
    tmp_path: Path, ports: Path, held: Path
) -> None:
    code, said, _ = discover(
        tmp_path, "--line", str(ports / "pju"), "--addresses", "2,4,5", "--settings", str(held),
        "--json",
    )  # fmt: skip
    assert code == 0
    report = json.loads(said)
    assert report["looked"] == "through the agent"
    assert [(one["address"], one["asset"]) for one in report["found"]] == [(2, "PJU-1"), (5, "")]


def test_a_line_that_another_program_holds_is_busy_in_words(
    tmp_path: Path, ports: Path, held: Path
) -> None:
    assert held.exists()
    code, _, said = discover(tmp_path, "--line", str(ports / "pju"), "--addresses", "2")
    assert code == 1
    assert "pju is busy" in said
    assert "--settings" in said


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


def test_every_type_that_has_a_map_is_recognised_on_one_line(
    tmp_path: Path, simulated: Callable[[str], Path]
) -> None:
    ports = simulated(EVERYTHING)
    settings = tmp_path / "agent.toml"
    settings.write_text(REST)
    asked = ("--line", str(ports / "all"), "--addresses", "2-6,11,80", "--write", str(settings))
    code, said, _ = discover(tmp_path, *asked, "--json")
    assert code == 0
    found = [(one["address"], one["map"], one["base"]) for one in json.loads(said)["found"]]
    assert found == [
        (2, "", 0),
        (3, "eastron-sdm120.toml", 0),
        (4, "eastron-sdm630.toml", 0),
        (5, "intesis-dali.toml", 0),
        (5, "intesis-dali.toml", 300),
        (11, "dfrobot-sen0310.toml", 0),
        (80, "dfrobot-sen0492.toml", 0),
    ]
    (line,) = load(settings).serial
    assert [one.driver for one in line.device] == ["pzem004t", *["modbus_map"] * 6]


def test_a_sensor_that_sends_text_is_heard(
    tmp_path: Path, simulated: Callable[[str], Path]
) -> None:
    ports = simulated(EVERYTHING)
    code, said, _ = discover(tmp_path, "--line", str(ports / "text"), "--json")
    assert code == 0
    assert [one["driver"] for one in json.loads(said)["found"]] == ["maxbotix"]
