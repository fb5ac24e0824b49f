"""A private net-snmp agent on a loopback port, with users, a community and tables of our own."""

import shutil
import socket
from pathlib import Path
from random import Random

from agent.drivers.snmp_message import Community, Question
from scripts.district.ports import free_port
from scripts.district.process import Program

COMMUNITY, AUTH, PRIV = "kanari-komunitas", "kanari-kata-auth", "kanari-kata-priv"
UNIFI, ARUBA = "1.3.6.1.4.1.41112.1.6.1.2.1.8", "1.3.6.1.4.1.14823.2.3.3.1.2"
CONFIGURATION = f"""\
agentAddress udp:127.0.0.1:{{port}}
rocommunity {COMMUNITY}
createUser signs SHA "{AUTH}"
createUser hides SHA "{AUTH}" AES "{PRIV}"
createUser hides256 SHA-256 "{AUTH}" AES "{PRIV}"
rouser signs auth
rouser hides priv
rouser hides256 priv
override {UNIFI}.1 integer 7
override {UNIFI}.2 integer 5
override {ARUBA}.1.1.11.11.134.1.2.3.4 integer 2
override {ARUBA}.2.1.21.11.134.1.2.3.4.0 integer 3
override {ARUBA}.2.1.21.11.134.1.2.3.4.1 integer 4
override {ARUBA}.2.1.21.11.134.9.9.9.9.0 integer 40
"""


def snmpd(folder: Path) -> tuple[Program, int]:
    """The agent, not yet started, and its port."""
    port = free_port(Random())
    settings = folder / "snmpd.conf"
    settings.write_text(CONFIGURATION.format(port=port))
    found = shutil.which("snmpd") or shutil.which("snmpd", path="/usr/sbin:/usr/local/sbin")
    assert found, "snmpd is missing; run scripts/install"
    command = [found, "-f", "-Lo", "-C", "-c", str(settings), "-I", "-smux"]
    env = {"SNMP_PERSISTENT_DIR": str(folder / "persistent"), "MIBS": ""}
    return Program("snmpd", command, folder=folder, env=env), port


def answers(port: int) -> bool:
    """Whether the agent answers one question within half a second."""
    asked = Community(community=COMMUNITY).ask(Question(oids=("1.3.6.1.2.1.1.3.0",)), 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(0.5)
        wire.connect(("127.0.0.1", port))
        try:
            wire.send(asked)
            return bool(wire.recv(4_096))
        except OSError:
            return False
