"""What the wizard finds on the lines of a pole without a network becomes the gateway's settings."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config import load
from contract.identity import Kind
from tests.provisioning.poles import GATEWAY, Pole, bin_of, lamp, playing, pole

pytestmark = pytest.mark.system

DISTRICT = """
[[line]]
name = "pju"
port = "pju"
[[line.device]]
type = "pzem004t"
asset = "PJU-0001"
address = 2
[[line.device]]
type = "pzem004t"
asset = "PJU-0002"
address = 5
[[line.device]]
type = "pzem004t"
asset = "PJU-0003"
address = 7
[[line]]
name = "bin"
port = "bin"
[[line.device]]
type = "a02yyuw"
asset = "TPS-0001"
"""


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Pole]:
    made = pole(tmp_path)
    made.delegate()
    made.bundle(assets=[lamp(1), lamp(2), bin_of(1), bin_of(9)])
    with playing(tmp_path, DISTRICT):
        yield made


def enrol(there: Pole, *words: str) -> dict[str, object]:
    """As a process in a network namespace that has nothing, not even a loopback that is up."""
    ports = there.top / "dev"
    lines = ["--line", str(ports / "pju"), "--line", str(ports / "bin")]
    search = ["--search", "--addresses 1-8"]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", sys.executable, "-m", "provisioning",
         *there.line, *lines, *search, *words, "--json"],
        cwd=there.top, env=there.environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def test_point_18_in_an_empty_network_namespace_a_pole_becomes_a_gateway_that_reads(
    there: Pole,
) -> None:
    document = enrol(there)
    result = document["result"]
    assert isinstance(result, dict)
    assert document["pending"] == ["connect"]
    assert result["assets"] == ["PJU-0001", "PJU-0002", "TPS-0001"]
    assert result["missing"] == ["TPS-0009"]
    assert result["unplanned"] == [f"{there.top / 'dev' / 'pju'}:7"]
    read = {one["asset"]: one["values"] for one in result["readings"]}
    assert {value["quantity"] for value in read["PJU-0001"]} >= {"voltage", "current"}
    settings = load(there.folder / "agent.toml")
    assert settings.gateway.id == GATEWAY
    devices = {one.asset: one.kind for one in settings.devices()}
    assert devices == {
        "PJU-0001": Kind.STREETLIGHT,
        "PJU-0002": Kind.STREETLIGHT,
        "TPS-0001": Kind.WASTE_BIN,
    }


def test_a_person_can_say_which_asset_is_where(there: Pole) -> None:
    enrol(there, "--asset", "7=PJU-0001", "--asset", f"{there.top / 'dev' / 'pju'}:2=PJU-0002")
    meters = load(there.folder / "agent.toml").serial[0].device
    assert [(one.asset, getattr(one, "address", 0)) for one in meters] == [
        ("PJU-0002", 2),
        ("PJU-0001", 7),
    ]
