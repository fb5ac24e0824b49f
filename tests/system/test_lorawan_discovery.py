"""`nadi-agent discover --lorawan` shows what nobody reads: through the agent, or by listening."""

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.asking import ask
from agent.config import load
from contract.live import Shown
from scripts.district.certificates import Authority
from scripts.district.ports import free_port
from scripts.district.process import Program, python_program
from tests.system.chirpstack import APPLICATION, EUI, Publisher, chirpstack_broker

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
STRANGER = "a84041ffff123456"
UNKNOWN = "3q2+7w=="  # de ad be ef


class Said(Shown):
    """What the agent's status says, as far as it matters here."""

    faults: list[str]


@pytest.fixture
def port() -> int:
    return free_port(Random())


@pytest.fixture
def chirpstack(tmp_path: Path, port: int) -> Iterator[Publisher]:
    program = chirpstack_broker(port, folder=tmp_path)
    publisher = Publisher(port)
    yield publisher
    publisher.close()
    program.stop()


@pytest.fixture
def settings(tmp_path: Path, port: int, authority: Authority) -> Iterator[Path]:
    """A gateway with one LoRaWAN sensor, whose city cannot be reached."""
    own, socket = authority.client("bb-0001"), Path(f"/tmp/nadi-{os.getpid()}-lorawan.sock")
    path = tmp_path / "agent.toml"
    path.write_text(f"""
[gateway]
city = "baubau"
id = "bb-0001"
data_dir = "{tmp_path / "data"}"
socket = "{socket}"
[health]
enabled = false
[broker]
port = {free_port(Random())}
ca_file = "{own.ca_file}"
cert_file = "{own.cert_file}"
key_file = "{own.key_file}"
[[lorawan]]
name = "lora"
application = "{APPLICATION}"
port = {port}
read_interval_s = 0.2
[[lorawan.device]]
driver = "em400"
asset = "TPS-1"
dev_eui = "{EUI}"
""")
    yield path
    socket.unlink(missing_ok=True)


@pytest.fixture
def agent(tmp_path: Path, settings: Path) -> Iterator[Program]:
    arguments = ("agent", "run", "--settings", str(settings))
    program = python_program("agent", *arguments, folder=tmp_path, root=ROOT)
    program.start_and_wait(deadline_s=PATIENCE_S)
    yield program
    program.stop()


def discover(folder: Path, *arguments: str) -> Program:
    (folder / "out").mkdir(exist_ok=True)
    program = python_program(
        "discover", "agent", "discover", "--lorawan", "--json", *arguments,
        folder=folder / "out", root=ROOT,
    )  # fmt: skip
    program.start()
    return program


def report_of(program: Program) -> dict[str, Any]:
    program.wait(deadline_s=PATIENCE_S)
    report: dict[str, Any] = json.loads(program.out_file.read_text().splitlines()[-1])
    return report


def shown(report: dict[str, Any]) -> dict[tuple[str, str, str], list[str]]:
    """The payloads of each device, its asset and its driver."""
    return {
        (one["dev_eui"], one["asset"], one["driver"]): [two["data"] for two in one["payloads"]]
        for one in report["found"]
    }


def test_the_agent_shows_strangers_and_unknown_payloads_and_says_so_in_its_status(
    tmp_path: Path, settings: Path, chirpstack: Publisher, agent: Program
) -> None:
    path = Path(load(settings).gateway.socket)

    def faults() -> list[str]:
        said = ask(path, {"cmd": "status"}, Said)
        return said.faults if said else []

    def hears(number: int) -> bool:
        chirpstack.up(number, eui=STRANGER)
        return bool(faults())

    numbers = count(1)
    agent.wait_until(lambda: hears(next(numbers)), what="hearing", deadline_s=PATIENCE_S)
    chirpstack.up(1, data=UNKNOWN)
    chirpstack.up(2, data=UNKNOWN)
    wanted = "TPS-1: unknown payloads (2), the last on port 85: de ad be ef"
    agent.wait_until(lambda: wanted in faults(), what="telling faults", deadline_s=PATIENCE_S)
    assert faults()[0].startswith(f"LoRaWAN devices that no setting names (1): {STRANGER}; nadi-")
    report = report_of(discover(tmp_path, "--settings", str(settings), "--write"))
    assert (report["schema"], report["looked"]) == (1, "through the agent")
    seen = shown(report)
    assert seen[(EUI, "TPS-1", "")] == ["de ad be ef", "de ad be ef"]
    assert seen[(STRANGER, "", "em400")][0] == "01 75 5c 03 67 01 01 04 82 44 08 05 00 01"
    (line,) = load(settings).lorawan
    assert [(one.asset, one.driver) for one in line.device] == [
        ("TPS-1", "em400"),
        (f"NEW-{STRANGER}", "em400"),
    ]


def test_without_an_agent_it_listens_for_a_while(
    tmp_path: Path, settings: Path, chirpstack: Publisher
) -> None:
    program = discover(tmp_path, "--settings", str(settings), "--seconds", "6")
    numbers = count(1)
    while program.running:
        chirpstack.up(number := next(numbers), data=UNKNOWN)
        chirpstack.up(number, eui=STRANGER)
    report = report_of(program)
    assert report["looked"] == "directly"
    assert set(shown(report)) == {(EUI, "TPS-1", ""), (STRANGER, "", "em400")}


def test_an_application_that_no_setting_names_is_listened_to_as_well(
    tmp_path: Path, port: int, chirpstack: Publisher
) -> None:
    program = discover(
        tmp_path, "--application", APPLICATION, "--broker", f"127.0.0.1:{port}", "--seconds", "4"
    )
    numbers = count(1)
    while program.running:
        chirpstack.up(next(numbers))
    assert set(shown(report_of(program))) == {(EUI, "", "em400")}


def test_without_chirpstack_it_is_said_in_words(tmp_path: Path, settings: Path) -> None:
    program = discover(tmp_path, "--settings", str(settings))
    assert program.wait(deadline_s=PATIENCE_S) == 1
    said = program.log_file.read_text()
    assert "ChirpStack's broker 127.0.0.1:" in said
    assert "Traceback" not in said
