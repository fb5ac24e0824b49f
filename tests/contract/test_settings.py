"""A settings file that is wrong is refused in one sentence that names file, key and what to do."""

import json
import re
from pathlib import Path

import pytest

from contract.document import load_document
from contract.errors import SettingsError
from contract.settings import AgentSettings

EXAMPLES = Path(__file__).parents[2] / "configs"
GOOD = """
[gateway]
city = "baubau"
id = "bb-0001"

[broker]
host = "broker.example"
ca_file = "ca.pem"
cert_file = "cert.pem"
key_file = "key.pem"

[[serial]]
name = "lamps"
port = "/dev/ttyUSB0"

[[serial.device]]
driver = "pzem004t"
asset = "PJU-0001"
address = 1

[[serial.device]]
driver = "pzem004t"
asset = "PJU-0002"
address = 2
"""


def load(text: str) -> AgentSettings:
    return load_document(AgentSettings, text, name="agent.toml")


def test_the_example_loads_as_it_is() -> None:
    text = (EXAMPLES / "agent.example.toml").read_text()
    assert load_document(AgentSettings, text, name="agent.example.toml").gateway.city == "baubau"


def test_what_is_not_said_has_its_default() -> None:
    settings = load(GOOD)
    assert settings.gateway.seal_interval_s == 10
    assert settings.serial[0].baud == 9600


@pytest.mark.parametrize(
    ("old", "new", "sentence", "hint"),
    [
        ("city =", "cty =", "gateway.cty is not a setting", "did you mean city?"),
        ("address = 1", "adress = 1", "adress is not a setting", "did you mean address?"),
        ("[broker]", "[brokr]", "brokr is not a setting", "did you mean broker?"),
        ('"pzem004t"', '"pzem04t"', "there is no driver 'pzem04t'", "did you mean pzem004t?"),
        ("address = 1", 'address = "one"', "serial[1].device[1]", ""),
        ("address = 1", "address = 248", "serial[1].device[1]", ""),
        ("address = 2", "address = 1", "address 1 is used twice", ""),
        ('"PJU-0002"', '"PJU-0001"', "asset PJU-0001 is used twice", ""),
        ('"PJU-0002"', '"PJU 2"', "asset", ""),
        ('"/dev/ttyUSB0"', "7", "serial[1].port", ""),
        ('host = "broker.example"', 'host = "h"\nport = 70000', "broker.port", ""),
        ('id = "bb-0001"', "", "gateway.id is missing", "add id"),
        ("[gateway]", "[gateway", "not valid TOML", "mend that line"),
        ("address = 1", f"address = {'[' * 5_000}", "nested too deeply", "three levels"),
        ("address = 1", f"address = {'9' * 5_000}", "not valid TOML", "mend that line"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_and_the_remedy(
    old: str, new: str, sentence: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(GOOD.replace(old, new, 1))
    assert str(refused.value).startswith(("agent.toml: ", "agent.toml, line "))
    assert sentence in str(refused.value)
    assert hint in refused.value.hint
    assert "\n" not in str(refused.value)


def test_no_complaint_repeats_a_password() -> None:
    camera = """
[[network]]
name = "lan"
[[network.device]]
driver = "rtsp_camera"
asset = "CAM-1"
host = "10.0.0.1"
password = 12345678
"""
    with pytest.raises(SettingsError) as refused:
        load(GOOD + camera)
    assert "12345678" not in f"{refused.value} {refused.value.hint}"


def test_no_pattern_lets_in_letters_of_every_script() -> None:
    """Compiled, such a pattern takes megabytes of a gateway's memory; no setting needs it."""
    patterns = re.findall(r'"pattern": "([^"]*)"', json.dumps(AgentSettings.model_json_schema()))
    assert len(patterns) > 20
    assert [one for one in patterns if re.search(r"\\[wWdDsSbBpP]", one)] == []
