"""A centre and gateways on machines of their own, from packages, with simulated lines."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contract.identity import City
from provisioning.broker import rules
from scripts.district.certificates import Authority, Credentials
from tests.machines.machine import Machine
from tests.machines.wire import Wire

CENTRE = "10.77.0.1"
ROOT = Path(__file__).parents[2]
Batch = tuple[str, int, str]  # epoch, number, hash

AGENT = """
[gateway]
city = "baubau"
id = "{name}"
seal_interval_s = 1.0
clock = "trusted"
[broker]
host = "{centre}"
ca_file = "/etc/nadi/ca.pem"
cert_file = "/etc/nadi/gateway.pem"
key_file = "/etc/nadi/gateway.key"
[[serial]]
name = "pju"
port = "/run/nadi-sim/line"
read_interval_s = 0.5
[[serial.device]]
driver = "pzem004t"
asset = "PJU-{name}"
address = 1
"""
LINE = """
seed = 7
clock = "night"
[[line]]
name = "pju"
port = "line"
[[line.device]]
type = "pzem004t"
asset = "PJU-{name}"
address = 1
rated_w = 90.0
"""
SIMULATOR = """
[Unit]
Before=nadi-agent.service
[Service]
User=nadi
RuntimeDirectory=nadi-sim
ExecStart=/usr/bin/nadi-sim run /etc/nadi/sim.toml --dir /run/nadi-sim
Restart=always
[Install]
WantedBy=multi-user.target
"""
BRIDGE = """
city = "baubau"
[broker]
host = "{centre}"
ca_file = "/etc/nadi/ca.pem"
cert_file = "/etc/nadi/bridge.pem"
key_file = "/etc/nadi/bridge.key"
[store]
kind = "sqlite"
path = "/var/lib/nadi-bridge/city.db"
"""
QUERY = """
import json, sqlite3, sys
store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(json.dumps(store.execute(*sys.argv[2:]).fetchall()))
"""
COUNT_COMMITTED = """
SELECT count(*) FROM reading JOIN asset ON asset.id = reading.asset_id WHERE asset.name = '{asset}'
"""
SELECT_STORED = """
SELECT epoch, n, sha256 FROM batch JOIN stream ON stream.id = batch.stream_id
"""
SELECT_WAITING = """
SELECT epoch.epoch, batch.id & 1099511627775, lower(hex(sha256))
FROM batch JOIN epoch ON epoch.id = batch.id >> 40
"""
STORE = "/var/lib/nadi-bridge/city.db"
ASK = """
import json, socket
agent = socket.socket(socket.AF_UNIX)
agent.settimeout(10)
agent.connect("/run/nadi/agent.sock")
agent.sendall(b'{"cmd": "status"}\\n')
print(agent.makefile().readline())
"""


@dataclass(frozen=True, slots=True)
class District:
    """One wire, and what is needed to put machines on it."""

    wire: Wire
    lower: Path
    folder: Path
    packages: Path
    authority: Authority
    machines: list[Machine]

    def machine(self, name: str, address: str) -> Machine:
        """A machine that has booted."""
        machine = Machine(
            name,
            lower=self.lower,
            folder=self.folder / name,
            shared=self.packages,
            space=self.wire.join(name, address),
        )
        self.machines.append(machine)
        machine.start()
        return machine

    def centre(self) -> Machine:
        """The broker as Debian has it, shut in by our drop-in, and the bridge from its package."""
        centre = self.machine("centre", CENTRE)
        install(centre, "nadi-bridge")
        configure_broker(centre, self.authority.server("broker", hosts=(CENTRE,)))
        self._issue(centre, "bridge", "/etc/nadi/bridge")
        centre.write("/etc/nadi/bridge.toml", BRIDGE.format(centre=CENTRE))
        centre.run("systemctl", "start", "nadi-bridge")
        return centre

    def gateway(self, name: str, address: str) -> Machine:
        """A gateway from its package, with one simulated lamp on its line."""
        gateway = self.machine(name, address)
        install(gateway, "nadi-agent")
        install(gateway, "nadi-sim")
        gateway.write("/etc/nadi/sim.toml", LINE.format(name=name))
        gateway.write("/etc/systemd/system/nadi-sim.service", SIMULATOR)
        gateway.run("systemctl", "enable", "--now", "nadi-sim")
        self._issue(gateway, name, "/etc/nadi/gateway")
        gateway.write("/etc/nadi/agent.toml", AGENT.format(name=name, centre=CENTRE))
        gateway.run("systemctl", "start", "nadi-agent")
        return gateway

    def _issue(self, machine: Machine, name: str, stem: str) -> None:
        issued = self.authority.client(name)
        machine.write("/etc/nadi/ca.pem", issued.ca_file.read_text())
        machine.write(f"{stem}.pem", issued.cert_file.read_text())
        machine.write(f"{stem}.key", issued.key_file.read_text(), mode="600")


@contextmanager
def district(*, lower: Path, folder: Path, packages: Path) -> Iterator[District]:
    """Whatever was started is gone afterwards."""
    authority = Authority(folder / "certificates", now=datetime.now(UTC))
    made = District(Wire(), lower, folder, packages, authority, [])
    try:
        yield made
    finally:
        for machine in made.machines:
            machine.cut_power()
        made.wire.remove()


def install(machine: Machine, package: str, version: str = "0.1.0") -> str:
    """The package of /mnt/shared, by dpkg; returns what it says."""
    return machine.run("sh", "-c", f"dpkg -i /mnt/shared/{package}_{version}_a*.deb")


def configure_broker(centre: Machine, credentials: Credentials) -> None:
    """The city's folder, and the drop-in that shuts the broker in."""
    folder = Path("/etc/mosquitto/nadi")
    city = City("baubau")
    files = {
        "mosquitto.conf": rules.configuration(city, rules.Places(folder=folder)),
        "nadi.acl": rules.access_list(city, bridges=["bridge"], readers=[]),
        "crl.pem": credentials.ca_file.with_name("crl.pem").read_text(),
        "ca.pem": credentials.ca_file.read_text(),
        "broker.pem": credentials.cert_file.read_text(),
        "broker.key": credentials.key_file.read_text(),
    }
    for name, text in files.items():
        centre.write(f"{folder}/{name}", text, owner="root:mosquitto", mode="640")
    centre.run("install", "-d", "-o", "mosquitto", "-m", "700", f"{folder}/store")
    drop_in = "/usr/share/doc/nadi-bridge/examples/mosquitto.service.d"
    centre.run("cp", "-r", drop_in, "/etc/systemd/system/")
    centre.run("systemctl", "daemon-reload")
    centre.run("systemctl", "restart", "mosquitto")


def committed(centre: Machine, asset: str) -> int:
    """Rows of the store, counted there."""
    rows = query(centre, STORE, COUNT_COMMITTED.format(asset=asset))
    return int(rows[0][0]) if rows else 0


def stored(centre: Machine) -> set[Batch]:
    """Every batch of the store."""
    return {
        (str(epoch), int(n), str(digest))
        for epoch, n, digest in query(centre, STORE, SELECT_STORED)
    }


def on_card(gateway: Machine) -> set[Batch]:
    """Every batch of the outbox, read from a copy, since the agent alone has the file."""
    gateway.run("sh", "-c", "rm -rf /tmp/copy; cp -r /var/lib/nadi /tmp/copy")
    rows = query(gateway, "/tmp/copy/outbox.db", SELECT_WAITING)
    return {(str(epoch), int(n), str(digest)) for epoch, n, digest in rows}


def query(machine: Machine, file: str, statement: str) -> list[list[str | int]]:
    """Rows of a SQLite file of that machine; none while there is no such file or table."""
    said = machine.run("python3", "-c", QUERY, file, statement, check=False)
    try:
        rows: list[list[str | int]] = json.loads(said)
    except ValueError:
        return []
    return rows


def status(gateway: Machine) -> dict[str, object]:
    """What the running agent says, or nothing."""
    said = gateway.run("python3", "-c", ASK, check=False)
    try:
        answer: dict[str, object] = json.loads(said)
    except ValueError:
        return {}
    return answer
