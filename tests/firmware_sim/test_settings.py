from pathlib import Path

import pytest

from firmware_sim import CameraSettings, SettingsError, read_district
from firmware_sim.catalogue import catalogue

EXAMPLE = Path(__file__).parents[2] / "configs" / "sim-district.example.toml"
LINE = '[[line]]\nname = "pju"\nport = "rs485"\n'
METER = '[[line.device]]\ntype = "pzem004t"\nasset = "PJU-0001"\naddress = 1\n'
SENSOR = '[[line.device]]\ntype = "a02yyuw"\nasset = "TPS-0001"\n'


def test_the_example_loads_as_it_is() -> None:
    district = read_district(EXAMPLE)
    assert district.assets() == (
        "PJU-0001",
        "PJU-0002",
        "TPS-0001",
        "CAM-0001",
        "CAM-0002",
        "WIFI-0001",
    )
    assert district.lines[0].units()[1].faults.late_ms == 600


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("seed =", "is not TOML", "keys look like"),
        ("", "this district is empty", "add a [[line]]"),
        ("lines = 3\n", "lines is no setting", "did you mean line?"),
        ('[[lien]]\nname = "x"', "lien is no setting", "did you mean line?"),
        ("line = 3", "line is not a list of tables", "write [[line]] above each one"),
        (LINE, "line[0]: line pju has no device", "add a [[line.device]]"),
        (LINE + METER.replace("address", "adress"), "line[0].device[0].adress", "address?"),
        (LINE + METER.replace("= 1", "= 300"), "address is 300", "from 1 to 247"),
        (LINE + METER.replace("= 1", '= "1"'), "address is '1'", "a whole number"),
        (LINE + METER.replace("= 1", "= true"), "address is True", "a whole number"),
        (LINE + METER.replace("address = 1", ""), "address is missing", "Modbus address"),
        (LINE + METER.replace("PJU-0001", "PJU 1"), "'PJU 1' is not an inventory", "1 to 64"),
        (LINE + METER.replace("pzem004t", "pzem04t"), "'pzem04t'", "did you mean pzem004t?"),
        (LINE + "[[line.device]]\n", "type is missing", "a02yyuw, intesis_dali, maxbotix"),
        (LINE + METER + "faults = 1", "faults is not a table", "faults = { lose"),
        (LINE + METER + "faults = {flop=1}", "faults.flop is no setting", "did you mean flip?"),
        (LINE + METER + "faults = {flip=2}", "faults.flip is 2", "from 0 to 1"),
        (LINE + METER + "faults = {flip=1, lose=1}", "add up to 2", "at most 1"),
        (LINE + SENSOR + "faults = {late=0.1}", "cannot be late", "take `late` out"),
        (LINE + METER + METER.replace("0001", "0002"), "pju: address 1 is used 2 times", "once"),
        (LINE + METER + SENSOR, "joins a bin sensor", "a [[line]] of its own"),
        (LINE.replace("rs485", "../x") + METER, "leaves the --dir", "relative"),
        (LINE.replace("rs485", "/dev/x") + METER, "leaves the --dir", "relative"),
        (LINE + METER + LINE + SENSOR, "line name pju is used 2 times", "once"),
        (LINE + METER + '[[camera]]\nasset = "PJU-0001"', "asset PJU-0001 is used", "once"),
        ('[[camera]]\nasset = "C"\nauth = "digest"', "auth is 'digest'", "basic, digest-md5"),
        ('[[camera]]\nasset = "C"\npath = "101"', "start with a slash", 'path = "/101"'),
        ('[[camera]]\nasset = "C"\nport = 70000', "port is 70000", "from 0 to 65535"),
        ('clock = "dawn"', "clock is 'dawn'", "day, night or real"),
    ],
)
def test_wrong_settings_get_a_sentence_and_a_hint(
    tmp_path: Path, text: str, sentence: str, hint: str
) -> None:
    path = tmp_path / "district.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as refusal:
        read_district(path)
    assert sentence in str(refusal.value)
    assert "district.toml" in str(refusal.value)
    assert hint in refusal.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml cannot be read: No such file"):
        read_district(tmp_path / "nowhere.toml")


def test_settings_made_in_code_are_checked_too() -> None:
    with pytest.raises(SettingsError, match="does not start with a slash"):
        CameraSettings(asset="CAM-0001", path="101")


def test_the_catalogue_names_every_device_setting_and_fault() -> None:
    text = catalogue()
    words = "pzem004t a02yyuw maxbotix rtsp_camera snmp_access_point routeros_access_point"
    words += " hotspot dns_fail intercepted login_refused turnaround_ms stray silent"
    assert all(word in text for word in words.split())
