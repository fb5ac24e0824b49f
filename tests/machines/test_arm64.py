"""The arm64 package, installed in an emulated arm64 Debian, seals and delivers to a broker here."""

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from contract.identity import City
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.ports import free_port
from scripts.packages.contents import PACKAGES
from scripts.packages.deb import Build, make_deb
from tests.machines.emulated import Emulated
from tests.system.mqtt_client import MqttClient

pytestmark = pytest.mark.nightly

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300.0
SETTINGS = """
[gateway]
city = "baubau"
id = "bb-0001"
clock = "trusted"
seal_interval_s = 2.0
[health]
interval_s = 1.0
[broker]
port = {port}
ca_file = "/etc/nadi/ca.pem"
cert_file = "/etc/nadi/gateway.pem"
key_file = "/etc/nadi/gateway.key"
"""


@pytest.fixture(scope="module")
def lower() -> Path:
    made = subprocess.run(
        [ROOT / "scripts" / "debian-root", "arm64"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, f"{made.stderr}; run as root, after: scripts/install arm64"
    return Path(made.stdout.strip())


def test_the_arm64_package_seals_and_delivers(lower: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (package,) = (one for one in PACKAGES if one.name == "nadi-agent")
    build = Build(source=ROOT, version="0.1.0", arch="arm64", epoch_s=1_700_000_000)
    deb = make_deb(package, build, shared)
    authority = Authority(tmp_path / "certificates", now=datetime.now(UTC))
    own, bridge = authority.client("bb-0001"), authority.client("bridge")
    broker = Broker(
        tmp_path / "broker",
        city=City("baubau"),
        port=free_port(Random(64)),
        credentials=authority.server("broker"),
        probe=bridge,
    )
    for name, file in (("ca.pem", own.ca_file), ("gateway.pem", own.cert_file),
                       ("gateway.key", own.key_file)):  # fmt: skip
        (shared / name).write_bytes(file.read_bytes())
    (shared / "agent.toml").write_text(SETTINGS.format(port=broker.port))

    gateway = Emulated(lower=lower, folder=tmp_path / "gateway", shared=shared)
    assert gateway.run("dpkg", "--print-architecture").strip() == "arm64"
    gateway.run("dpkg", "-i", f"/mnt/shared/{deb.name}")
    gateway.run("sh", "-c", "cp /mnt/shared/*.pem /mnt/shared/gateway.key /mnt/shared/agent.toml"
                " /etc/nadi/")  # fmt: skip
    broker.start()
    try:
        with (
            MqttClient(broker.address(bridge)) as city,
            gateway.running("/usr/bin/nadi-agent", "run", log=tmp_path / "agent.log"),
        ):
            city.subscribe("nadi/v1/baubau/edge/bb-0001/batch/+")
            until_s = time.monotonic() + PATIENCE_S
            while not city.heard and time.monotonic() < until_s:
                time.sleep(0.2)
            assert city.heard, (tmp_path / "agent.log").read_text()
        assert city.heard[0].topic.startswith("nadi/v1/baubau/edge/bb-0001/batch/")
    finally:
        broker.stop()
    held = "import sqlite3; print(sqlite3.connect('/var/lib/nadi/outbox.db').execute("
    counted = gateway.run("python3", "-c", held + "'SELECT count(*) FROM batch').fetchone()[0])")
    assert int(counted) >= len({one.payload for one in city.heard})
