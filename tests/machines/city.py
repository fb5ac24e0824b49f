"""A city of its own on one machine: authority, enrolment, broker and bridge, all from packages."""

import json
from dataclasses import dataclass
from typing import Any

from tests.machines.district import BRIDGE, CENTRE, LINE, SIMULATOR, District, install
from tests.machines.machine import Machine

PORT = 8443
ENROLMENT = f"""
hosts = ["{CENTRE}"]
port = {PORT}
"""
LISTED = """kind;id;latitude;longitude;kelurahan;gateway
streetlight;PJU-bb-0001;-5.4702;122.5969;74.72.06.1007;bb-0001
streetlight;PJU-bb-0002;-5.4706;122.5971;74.72.06.1007;bb-0002
"""
# As docs/operations.md has it.
RIGHTS = """
cd /var/lib/nadi-authority && chgrp nadi-enrolment private private/authority.db
chmod 3770 private && chmod 0660 private/authority.db
"""
BROKER = """
cp -a /var/lib/nadi-authority/broker /etc/mosquitto/nadi
cp -r /usr/share/doc/nadi-bridge/examples/mosquitto.service.d /etc/systemd/system/
systemctl daemon-reload && systemctl restart mosquitto
cp /var/lib/nadi-authority/clients/bridge/* /etc/nadi/
"""
FASTER = 's/^id = .*/&\\nseal_interval_s = 1.0\\nclock = "trusted"/'


@dataclass(frozen=True, slots=True)
class City:
    """What the office does, it does on this machine."""

    centre: Machine

    def nadi(self, *words: str) -> dict[str, Any]:
        """A command of the office; its document, whatever came of it."""
        line = ("nadi", *words, "--no-input", "--json")
        said = self.centre.run("sh", "-c", '"$@" 2>/dev/null', "sh", *line, check=False)
        document: dict[str, Any] = json.loads(said)
        return document

    def done(self, *words: str) -> dict[str, Any]:
        """The same of one that must end well."""
        document = self.nadi(*words)
        assert document["ok"], document
        return document


def city(town: District) -> City:
    """The broker runs with the authority's folder, the bridge and the endpoint beside it."""
    centre = town.machine("centre", CENTRE)
    install(centre, "nadi-bridge")
    install(centre, "nadi")
    made = City(centre)
    centre.write("/srv/passphrase", "rahasia dinas perhubungan\n", mode="600")
    made.done(
        "authority", "init", "--city", "baubau", "--host", CENTRE, "--broker-path",
        "/etc/mosquitto/nadi", "--passphrase", "file:/srv/passphrase",
    )  # fmt: skip
    centre.run("sh", "-ec", BROKER)
    centre.write("/etc/nadi/bridge.toml", BRIDGE.format(centre=CENTRE))
    centre.run("systemctl", "enable", "--now", "nadi-bridge")
    centre.run("sh", "-ec", RIGHTS)
    centre.write("/etc/nadi/enrolment.toml", ENROLMENT)
    centre.run("systemctl", "enable", "--now", "nadi-enrolment")
    centre.write("/srv/assets.csv", LISTED)
    made.done("fleet", "import", "/srv/assets.csv")
    names = ("bb-0001", "bb-0002")
    made.done("gateway", "prepare", *names, "--out", "/srv", "--enrolment", f"{CENTRE}:{PORT}")
    return made


def enrolled(town: District, made: City, name: str, address: str) -> Machine:
    """A blank machine becomes that gateway with a one-time token, and is at work."""
    gateway = town.machine(name, address)
    for package in ("nadi-agent", "nadi", "nadi-sim"):
        install(gateway, package)
    gateway.write("/etc/nadi/sim.toml", LINE.format(name=name))
    gateway.write("/etc/systemd/system/nadi-sim.service", SIMULATOR)
    gateway.run("systemctl", "enable", "--now", "nadi-sim")
    made.done("gateway", "token", name, "--out", f"/srv/{name}.token")
    for suffix in ("bundle", "token"):
        text = made.centre.run("cat", f"/srv/{name}.{suffix}")
        gateway.write(f"/srv/{name}.{suffix}", text, mode="600")
    gateway.until(lambda: gateway.succeeds("test", "-e", "/run/nadi-sim/line"))
    gateway.run(
        "nadi", "gateway", "enrol", "--bundle", f"/srv/{name}.bundle", "--token",
        f"file:/srv/{name}.token", "--line", "/run/nadi-sim/line", "--search",
        "--baud 9600 --addresses 1-2", "--yes", "--no-input",
    )  # fmt: skip
    gateway.run("sed", "-i", FASTER, "/etc/nadi/agent.toml")
    gateway.run("systemctl", "restart", "nadi-agent")
    return gateway
