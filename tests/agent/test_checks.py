import socket
from pathlib import Path

import pytest

from agent.checks import check
from contract.check_report import Finding
from contract.document import load_document
from contract.errors import SettingsError
from contract.settings import AgentSettings

GATEWAY = """
[gateway]
city = "baubau"
id = "bb-0001"
data_dir = "{folder}"

[broker]
host = "127.0.0.1"
port = 9
ca_file = "/nowhere/ca.pem"
cert_file = "/nowhere/gateway.pem"
key_file = "/nowhere/gateway.key"
"""
LORAWAN = """
[[lorawan]]
name = "lora"
application = "1"
port = {port}

[[lorawan.device]]
driver = "em400"
asset = "TPS-1"
dev_eui = "24e124713b123456"
"""
PINS = """
[[pins]]
name = "pins"
factory = "rpigpio"

[[pins.device]]
driver = "pillar"
asset = "PANEL-01"
door_open = { pin = 22 }
"""
HOTSPOT = """
[[network]]
name = "wifi"

[[network.device]]
driver = "snmp_access_point"
asset = "WIFI-1"
host = "10.20.0.6"
user = "nadi"
auth_password = "change-me-soon"
priv_password = "change-me-soon"

[network.device.hotspot]
source = "{source}"
resolvers = ["10.30.0.1"]
"""
LAMP = """
[[serial]]
name = "pju"
port = "/dev/ttyUSB0"

[[serial.device]]
driver = "pzem004t"
asset = "PJU-1"
address = 1
fed_by = "PANEL-1"

[serial.device.lamp]
rated_w = 90
"""


def settings(folder: Path, *parts: str) -> AgentSettings:
    text = GATEWAY.replace("{folder}", str(folder)) + "".join(parts)
    return load_document(AgentSettings, text, name="agent.toml")


def found(folder: Path, identifier: str, *parts: str) -> Finding:
    (one,) = [one for one in check(settings(folder, *parts)) if one.id == identifier]
    return one


def test_a_chirpstack_that_answers_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        one = found(tmp_path, "line lora", LORAWAN.replace("{port}", str(port)))
    assert (one.ok, one.found) == (True, f"ChirpStack's broker 127.0.0.1:{port} answers")


def test_a_chirpstack_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    one = found(tmp_path, "line lora", LORAWAN.replace("{port}", "9"))
    assert not one.ok
    assert one.next_action == "see that mosquitto and chirpstack run on it"


def test_pins_without_their_library_say_what_to_install(tmp_path: Path) -> None:
    one = found(tmp_path, "line pins", PINS)
    assert not one.ok
    assert "install the extra rpigpio" in one.next_action


def test_lamps_that_are_judged_without_a_site_are_noticed(tmp_path: Path) -> None:
    lamp = LAMP.replace('fed_by = "PANEL-1"\n', "")
    assert found(tmp_path, "site", lamp).next_action == "add [site] with latitude and longitude"
    site = "\n[site]\nlatitude = -5.47\nlongitude = 122.63\n"
    assert "site" not in {one.id for one in check(settings(tmp_path, lamp, site))}


def test_a_misspelt_feeder_is_refused_with_the_nearest_right_one(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match="fed_by of PJU-1: PANEL-1 is no device of this gateway"
    ) as error:
        settings(tmp_path, PINS, LAMP)
    assert "PANEL-01" in f"{error.value} {error.value.hint}"


def test_a_hotspot_whose_source_is_not_here_says_what_to_do(tmp_path: Path) -> None:
    here = found(tmp_path, "hotspot WIFI-1", HOTSPOT.replace("{source}", "127.0.0.1"))
    assert (here.ok, here.found) == (True, "probed from 127.0.0.1")
    one = found(tmp_path, "hotspot WIFI-1", HOTSPOT.replace("{source}", "203.0.113.9"))
    assert not one.ok
    assert "set source to it" in one.next_action


def test_the_library_that_encryption_needs_is_looked_for(tmp_path: Path) -> None:
    assert found(tmp_path, "cryptography", HOTSPOT.replace("{source}", "127.0.0.1")).ok
    assert "cryptography" not in {one.id for one in check(settings(tmp_path))}
