"""The doctor looks at a centre that runs: real broker, real bridge, and neither notices it."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from broker_bridge.config import BridgeSettings, MetricsSettings, StoreSettings, load_settings
from broker_bridge.doctor import machine_checks
from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.clock import Kernel
from contract.identity import City
from contract.tls import Broker as BrokerAddress
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.ports import free_port
from scripts.district.process import Program, python_program
from scripts.district.toml_document import write_toml
from tests.system.conftest import CITY

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0


@pytest.fixture
def settings_file(tmp_path: Path, broker: Broker, authority: Authority, city: City) -> Path:
    settings = BridgeSettings(
        city=city,
        language="id",
        broker=broker.address(authority.client("bridge")),
        store=StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")),
        metrics=MetricsSettings(port=free_port(Random())),
    )
    file = tmp_path / "bridge.toml"
    write_toml(file, settings.model_dump(mode="json", exclude_none=True))
    return file


@pytest.fixture
def bridge(settings_file: Path, tmp_path: Path) -> Iterator[Program]:
    arguments = ("broker_bridge", "run", "--settings", str(settings_file))
    program = python_program("bridge", *arguments, folder=tmp_path, root=ROOT)
    program.start_and_wait(deadline_s=PATIENCE_S)
    yield program
    if program.running:
        program.stop()


def examined(
    settings_file: Path, *switches: str, command: str = "doctor"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "broker_bridge", command, "--settings", settings_file, *switches],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def findings(settings_file: Path) -> dict[str, Any]:
    document = json.loads(examined(settings_file, "--json").stdout)
    return {one["id"]: one for one in document["findings"]}


def test_a_centre_that_runs_is_well_and_keeps_its_session(
    bridge: Program, settings_file: Path
) -> None:
    found: dict[str, Any] = {}

    def connected() -> bool:
        found.update(findings(settings_file))
        return bool(found["bridges"]["state"] == "ok")

    bridge.wait_until(connected, what="a bridge at work", deadline_s=PATIENCE_S)
    wrong = {name for name, one in found.items() if one["state"] == "fail"}
    assert not wrong
    assert "TLS holds both ways" in found["broker"]["found"]
    assert "broker until" in found["certificates"]["found"]
    checked = examined(settings_file, "--json", command="check")
    assert "the bridge at work keeps its session" in checked.stdout
    assert bridge.log_file.read_text().count("connected to the broker") == 1
    assert "\nnadi_bridge_broker_connected 1.0\n" in exposition(settings_file)
    assert 'certificate_ends_seconds{certificate="bridge"} 1.' in exposition(settings_file)


def exposition(settings_file: Path) -> str:
    port = load_settings(str(settings_file)).metrics.port
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as caller:
        caller.request("GET", "/metrics")
        return caller.getresponse().read().decode()


def test_a_bridge_that_was_stopped_is_missed_in_the_citys_language(
    bridge: Program, settings_file: Path
) -> None:
    bridge.stop()
    done = examined(settings_file)
    assert done.returncode == 1
    assert "✗ GAGAL  jembatan: tidak ada jembatan yang berjalan" in done.stdout
    assert "→ jalankan satu" in done.stdout


def test_a_certificate_of_another_city_is_told_apart_from_a_broker_that_is_gone(
    broker: Broker, tmp_path: Path, authority: Authority
) -> None:
    now = datetime.now(UTC)
    other = Authority(tmp_path / "other", now=now).client("bridge")
    own = broker.address(authority.client("bridge"))
    foreign = {"cert_file": str(other.cert_file), "key_file": str(other.key_file)}
    assert "refuses this bridge's certificate" in seen_at(own.model_copy(update=foreign))
    elsewhere = {"ca_file": str(other.ca_file)}
    assert "certificate is not believed" in seen_at(own.model_copy(update=elsewhere))
    broker.stop()
    assert "takes no connection" in seen_at(own)


def seen_at(address: BrokerAddress) -> str:
    store = StoreSettings(kind="sqlite", path="city.db")
    settings = BridgeSettings(city=CITY, broker=address, store=store)
    centre = Centre(
        settings=settings, now=lambda: datetime.now(UTC), kernel=lambda: Kernel.SYNCHRONISED
    )
    return machine_checks.broker(centre).found
