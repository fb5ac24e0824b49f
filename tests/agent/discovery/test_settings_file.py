"""Devices are added to a settings file whole, once, and without touching what a person wrote."""

from pathlib import Path

import pytest

from agent.config import load
from agent.discovery.known import name_devices, name_hosts
from agent.discovery.naming import Namer, given_names, refuse_unused
from agent.discovery.proposal import Entry, NewDevice, Proposal
from agent.discovery.proposing import Account, propose_line, propose_network
from agent.discovery.settings_file import insert, write
from agent.discovery.words import in_words
from contract.discovery import FoundDevice, FoundHost, LineReport, NetworkReport, Written
from contract.errors import SettingsError
from contract.identity import Kind
from contract.settings import SerialLine

HEAD = """\
# bb-0001, at the market; ask Pak Rusli for the key
[gateway]
city = "baubau"
id = "bb-0001"

[broker]   # the city's
ca_file = "/etc/nadi/ca.pem"
cert_file = "/etc/nadi/gateway.pem"
key_file = "/etc/nadi/gateway.key"
"""
LINES = """
[[serial]]                       # the street
name = "pju"
port = "/dev/ttyUSB0"
[[serial.device]]
driver = "pzem004t"
asset = "PJU-0001"               # by the mosque
address = 3
# [serial.device.lamp]           # not yet
# rated_w = 90

# the bin
[[serial]]
name = "bin"
port = "/dev/ttyUSB1"
[[serial.device]]
driver = "a02yyuw"
asset = "TPS-0001"
"""
PZEM = FoundDevice(
    baud=9_600, address=3, driver="pzem004t", kind=Kind.STREETLIGHT, what="a PZEM at 230.1 V"
)
SLOW = PZEM.model_copy(update={"address": 5, "baud": 2_400})
CAMERA = FoundHost(host="10.20.0.5", kind=Kind.CAMERA, driver="rtsp_camera", what="a camera")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def line_of(*found: FoundDevice, port: str = "/dev/ttyUSB0") -> LineReport:
    return LineReport(port=port, bauds=[9_600], addresses=[1], found=list(found))


def meter(address: int) -> FoundDevice:
    return PZEM.model_copy(update={"address": address})


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "agent.toml"
    path.write_bytes(text.encode())
    return path


def add(path: Path, report: LineReport, **given: str) -> Written:
    settings = load(path)
    names = Namer({key.removeprefix("at_"): value for key, value in given.items()}, ask=None)
    return write(path, propose_line(name_devices(report, settings), settings, names))


def test_a_new_line_is_added_behind_what_is_there(tmp_path: Path) -> None:
    path = settings_file(tmp_path, HEAD)
    written = add(path, line_of(meter(3), meter(5)), at_3="PJU-0003")
    text = path.read_text()
    assert text.startswith(HEAD)
    assert written.added[0] == "[[serial]]"
    (line,) = load(path).serial
    assert line.port == "/dev/ttyUSB0"
    assert [device.asset for device in line.device] == ["PJU-0003", "NEW-ttyUSB0-5"]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    path = settings_file(tmp_path, HEAD)
    add(path, line_of(meter(3), meter(5)))
    before, number = path.read_bytes(), path.stat().st_ino
    assert add(path, line_of(meter(3), meter(5))).added == []
    assert (path.read_bytes(), path.stat().st_ino) == (before, number)


def test_a_device_of_a_line_that_is_there_goes_to_it_and_comments_stay(tmp_path: Path) -> None:
    path = settings_file(tmp_path, HEAD + LINES)
    add(path, line_of(meter(3), meter(5)), at_5="PJU-0005")
    lines = path.read_text().splitlines()
    added = [line for line in lines if line not in (HEAD + LINES).splitlines()]
    assert added == [
        "[[serial.device]]  # a PZEM at 230.1 V",
        'asset = "PJU-0005"',
        'kind = "streetlight"',
        "address = 5",
    ]
    block = "\n".join(["", added[0], 'driver = "pzem004t"', *added[1:], ""])
    assert path.read_text().replace(block, "", 1) == HEAD + LINES
    assert lines.index("address = 5") < lines.index("# the bin")
    assert lines.index("# rated_w = 90") < lines.index(added[0])
    assert [[device.asset for device in line.device] for line in load(path).serial] == [
        ["PJU-0001", "PJU-0005"],
        ["TPS-0001"],
    ]


def test_every_byte_a_person_wrote_stays_in_its_order(tmp_path: Path) -> None:
    text = (HEAD + LINES).replace("\n", "\r\n").rstrip()
    path = settings_file(tmp_path, text)
    add(path, line_of(meter(7)))
    new = path.read_bytes().decode()
    at = 0
    for line in text.split("\r\n"):
        at = new.index(line, at) + len(line)
    assert "\n" not in new.replace("\r\n", "")


def test_a_port_by_another_of_its_names_is_the_same_line(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB0")
    path = settings_file(tmp_path, HEAD + LINES.replace("/dev/ttyUSB0", f"{tmp_path}/by-id"))
    report = name_devices(line_of(meter(3), port=f"{tmp_path}/ttyUSB0"), load(path))
    assert report.found[0].asset == "PJU-0001"


def test_the_file_keeps_its_rights_and_its_link(tmp_path: Path) -> None:
    real = settings_file(tmp_path, HEAD)
    real.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(real)
    add(link, line_of(meter(3)))
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert names_in(tmp_path) == ["agent.toml", "link.toml"]


@pytest.mark.parametrize(
    ("text", "report", "expected"),
    [
        (HEAD + LINES, line_of(SLOW), "what answers has 2400"),
        (HEAD + LINES, line_of(meter(5), port="/dev/ttyUSB1"), "must be alone on its line"),
        (HEAD + "serial = []\n", line_of(meter(5)), "is not a setting"),
    ],
)
def test_what_the_settings_would_refuse_is_not_written(
    tmp_path: Path, text: str, report: LineReport, expected: str
) -> None:
    path = settings_file(tmp_path, text)
    with pytest.raises(SettingsError, match=expected):
        add(path, report)
    assert path.read_bytes() == text.encode()
    assert names_in(tmp_path) == ["agent.toml"]


def test_a_file_written_in_a_way_of_its_own_is_left_alone() -> None:
    text = 'serial = [{ name = "pju", port = "/dev/ttyUSB0", device = [] }]\n'
    device = NewDevice(what="", entries=(Entry(key="asset", value="PJU-1"),))
    new = Proposal(family="serial", index=0, line=(), devices=(device,))
    with pytest.raises(SettingsError, match="in a way in which nothing can be added") as error:
        insert(text, new, name="agent.toml")
    assert "paste what" in error.value.hint


def test_a_table_in_a_text_of_many_lines_is_no_table() -> None:
    text = '[[serial]]\nname = """\n[[serial]]\n"""\nport = "a"\n'
    device = NewDevice(what="", entries=(Entry(key="asset", value="PJU-1"),))
    new = Proposal(family="serial", index=0, line=(), devices=(device,))
    with pytest.raises(SettingsError, match="nothing can be added"):
        insert(text, new, name="agent.toml")


def test_a_secret_is_written_and_never_shown(tmp_path: Path) -> None:
    path = settings_file(tmp_path, HEAD)
    found = CAMERA.model_copy(update={"login": "accepted", "onvif_port": 80})
    report = NetworkReport(
        network="10.20.0.0/24", hosts=254, complete=True, took_s=1, found=[found]
    )
    account = Account(user="nadi", password='ra"hasia')
    proposals = propose_network(report, None, Namer({}, ask=None), account)
    assert "hasia" not in repr(proposals) + in_words(report, proposals)
    written = write(path, proposals)
    assert "hasia" not in written.model_dump_json()
    assert 'password = "***"' in written.added
    (camera,) = load(path).network[0].device
    assert getattr(camera, "password", "") == 'ra"hasia'
    assert camera.asset == "NEW-10.20.0.5"
    again = name_hosts(report, load(path))
    assert again.found[0].asset == "NEW-10.20.0.5"
    assert propose_network(again, load(path), Namer({}, ask=None), account) == []


def test_a_password_given_for_a_camera_that_refused_it_is_not_written() -> None:
    found = CAMERA.model_copy(update={"login": "refused"})
    report = NetworkReport(
        network="10.20.0.0/24", hosts=254, complete=True, took_s=1, found=[found]
    )
    account = Account(user="nadi", password="salah")
    (proposal,) = propose_network(report, None, Namer({}, ask=None), account)
    assert {entry.key for entry in proposal.devices[0].entries}.isdisjoint({"user", "password"})


def test_a_device_cannot_write_settings_by_its_name() -> None:
    evil = meter(3).model_copy(update={"what": 'x"\n[gateway]\nid = "other" #'})
    (proposal,) = propose_line(line_of(evil), None, Namer({}, ask=None))
    new = insert("", proposal, name="agent.toml")
    assert "\n[gateway]" not in new


def test_a_person_is_asked_for_number_and_kind_and_enter_leaves_out() -> None:
    said = iter(["not a number\n", "PJU-0003\n", "cabinet\n", "\n"])
    asked: list[str] = []

    def ask(words: str) -> str:
        asked.append(words)
        return next(said)

    (proposal,) = propose_line(line_of(meter(3), meter(5)), None, Namer({}, ask=ask))
    (device,) = proposal.devices
    assert [(one.key, one.value) for one in device.entries[1:3]] == [
        ("asset", "PJU-0003"),
        ("kind", "cabinet"),
    ]
    assert asked[0] == "3: a PZEM at 230.1 V\n  inventory number (Enter leaves it out): "


def test_a_number_for_what_was_not_found_is_a_typing_error() -> None:
    namer = Namer(given_names(["33=PJU-0003"]), ask=None)
    propose_line(line_of(meter(3)), None, namer)
    with pytest.raises(SettingsError, match="--asset 33=…: nothing new was found there") as error:
        refuse_unused(namer.unused(), [meter(3)])
    assert "did you mean 3?" in error.value.hint
    with pytest.raises(SettingsError, match="is no WHERE=NUMBER"):
        given_names(["PJU-0003"])


def test_every_line_that_is_proposed_is_one_the_settings_accept(tmp_path: Path) -> None:
    lamp = FoundDevice(
        baud=19_200, address=2, base=300, driver="modbus_map", map="intesis-dali.toml",
        kind=Kind.STREETLIGHT, what="a lamp",
    )  # fmt: skip
    path = settings_file(tmp_path, HEAD + LINES)
    add(path, line_of(lamp, port="/dev/ttyS4"))
    line: SerialLine = load(path).serial[-1]
    assert (line.name, line.baud, getattr(line.device[0], "base", 0)) == ("line-ttyS4", 19_200, 300)
    assert line.device[0].asset == "NEW-ttyS4-2-300"
