"""A gateway on its pole is changed in one step that the agent accepts, or not at all."""

import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.editing import document
from provisioning.errors import Trouble
from tests.provisioning.at_terminal import sat_down
from tests.provisioning.conftest import Ended, Nadi, environment
from tests.provisioning.poles import playing
from tests.provisioning.test_every_command import too_wide

SETTINGS = """\
# Pasar Wameo; ask Pak Hamid for the key
[gateway]
city = "baubau"
id = "bb-0042"
data_dir = "{folder}"
socket = "{folder}/agent.sock"

[broker]
host = "127.0.0.1"
port = 1  # nobody
ca_file = "ca.pem"
cert_file = "gateway.pem"
key_file = "gateway.key"

[outbox]
budget_mb = 512   # of 16 GB
[site]
latitude = -5.47
longitude = 122.63

# the lamps along the road
[[serial]]
name = "pju"
port = "{folder}/pju"

[[serial.device]]
driver = "pzem004t"
asset = "PJU-0001"
address = 1

# was hit by a truck in June
[[serial.device]]
driver = "pzem004t"
asset = "PJU-0002"
address = 2

[[serial]]
name = "bin"
port = "{folder}/bin"
[[serial.device]]
driver = "a02yyuw"
asset = "TPS-0001"
[serial.device.bin]
empty_mm = 1400
full_mm = 250

[[network]]
name = "cctv"
[[network.device]]
driver = "rtsp_camera"
asset = "CCTV-1"
host = "127.0.0.1"
port = 9
user = "nadi"
password = "kata-sandi-lama-4471"
"""
HIT = """\
# was hit by a truck in June
[[serial.device]]
driver = "pzem004t"
asset = "PJU-0002"
address = 2

"""
NEW_SECRET = "kata-sandi-baru-9083"
Edit = Callable[..., Ended]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The settings of a gateway whose camera does not answer and whose certificate is missing."""
    folder = tmp_path / "box"
    folder.mkdir()
    for name in ("pju", "bin"):
        (folder / name).touch()
    made = folder / "agent.toml"
    made.write_text(SETTINGS.format(folder=folder))
    made.chmod(0o640)
    return made


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """With the agent's own command."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, module in (("nadi-agent", "agent"), ("nadi", "provisioning")):
        command = programs / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        command.chmod(0o755)
    return environment(tmp_path, {"PATH": f"{programs}:{os.environ['PATH']}", "TERM": "dumb"})


@pytest.fixture
def edit(nadi: Nadi, file: Path, env: dict[str, str]) -> Edit:
    def run(*words: str, yes: bool = True) -> Ended:
        line = ("gateway", "edit", *words, "--settings", str(file), *(["--yes"] if yes else []))
        return nadi(*line, env=env)

    return run


def changed(file: Path, *pairs: tuple[str, str]) -> str:
    """The settings with each old text replaced, and nothing else."""
    text = SETTINGS.format(folder=file.parent)
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize(
    ("words", "old", "new"),
    [
        (["--set", "outbox.budget_mb=256"], "= 512   # of", "= 256   # of"),
        (["--set", "TPS-0001.bin.full_mm=300"], "full_mm = 250\n", "full_mm = 300\n"),
        (["--set", "pju.baud=2400"], '/pju"\n', '/pju"\nbaud = 2400\n'),
        (
            ["--set", "PJU-0001.lamp.rated_w=90"],
            "address = 1\n",
            "address = 1\n[serial.device.lamp]\nrated_w = 90\n",
        ),
        (["--unset", "outbox.budget_mb"], "budget_mb = 512   # of 16 GB\n", ""),
        (
            ["--remove", "PJU-0002"],
            HIT,
            "",
        ),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_one_thing_changes_and_every_other_byte_stays(
    edit: Edit, file: Path, words: list[str], old: str, new: str
) -> None:
    ended = edit(*words)
    assert ended.code == 0, ended.err
    assert file.read_text() == changed(file, (old, new))
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_section_that_is_not_there_is_added_at_the_end(edit: Edit, file: Path) -> None:
    assert edit("--set", "uplink.backlog_bytes_s=20000").code == 0
    added = "\n[uplink]\nbacklog_bytes_s = 20000\n"
    assert file.read_text() == SETTINGS.format(folder=file.parent) + added


def test_a_line_goes_with_its_only_device(edit: Edit, file: Path) -> None:
    assert edit("--remove", "TPS-0001").code == 0
    text = file.read_text()
    assert 'name = "bin"' not in text
    assert text.startswith("# Pasar Wameo")
    assert 'name = "cctv"' in text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--set", "outbox.budget_mb=lots"], "E-SETTING-01", "line 16"),
        (["--set", "outbox.budgt_mb=1"], "E-SETTING-01", "did you mean budget_mb?"),
        (["--set", "PJU-001.address=3"], "E-EDIT-01", "PJU-0001"),
        (["--remove", "PJU-0003"], "E-EDIT-01", "PJU-000"),
        (["--set", "pju.port=/dev/ttyUSB77"], "E-ENROL-02", "/dev/ttyUSB77 is missing"),
        (["--set", "PJU-0002.address=1"], "E-SETTING-01", "address 1 is used twice"),
        (["--set", "budget_mb"], "E-USAGE-04", "--set"),
        (["--undo"], "E-EDIT-04", "agent.toml"),
        (["--set", f"CCTV-1.password={NEW_SECRET}"], "E-USAGE-07", "--set"),
    ],
)
def test_what_the_agent_would_not_accept_changes_nothing(
    edit: Edit, file: Path, words: list[str], code: str, said: str
) -> None:
    before = {one: one.read_bytes() for one in file.parent.iterdir()}
    ended = edit(*words, "--json")
    assert ended.document["code"] == code
    error = ended.document["error"]
    assert said in error["what"] + error["fix"]
    assert before == {one: one.read_bytes() for one in file.parent.iterdir()}


ENGLISH = re.compile(r"\b(the|is|are|not|should|did|you|and|with|to|of|there|no|that|it|line)\b")
WRONG = (
    ("outbox.budget_mb=lots", "Perbaiki: betulkan nilai itu."),
    ("outbox.budgt_mb=1", "Perbaiki: maksud Anda budget_mb?"),
    ("PJU-0002.address=1", "address 1 dipakai dua kali"),
    ("TPS-0001.bin.full_mm=9000", "full_mm adalah jarak ke tong yang penuh"),
    ("pju.port=/dev/ttyUSB77", "lalu jalankan perintah yang sama lagi: colokkan adaptornya."),
)


def test_why_settings_are_refused_is_said_in_the_language_of_the_rest(edit: Edit) -> None:
    for change, said in WRONG:
        told = " ".join(edit("--set", change, "--lang", "id").err.split())
        assert said in told
        assert ENGLISH.findall(told) == [], told
    documents = {edit("--set", change, "--json", "--lang", one).out for one in ("id", "en")}
    assert len(documents) == 1


def test_what_was_wrong_before_is_told_and_stops_nothing(edit: Edit) -> None:
    ended = edit("--set", "outbox.budget_mb=256")
    assert ended.code == 0
    assert "warn  As before: " in ended.out


def test_the_change_is_shown_and_undone_and_done_again(edit: Edit, file: Path) -> None:
    before = file.read_text()
    shown = edit("--set", "TPS-0001.bin.full_mm=300").out
    assert "-full_mm = 250\n" in shown
    assert "+full_mm = 300\n" in shown
    after = file.read_text()
    assert edit("--undo").code == 0
    assert file.read_text() == before
    assert edit("--undo").code == 0
    assert file.read_text() == after


def test_point_5_a_dry_run_shows_the_change_and_makes_none(edit: Edit, file: Path) -> None:
    before = {one: one.read_bytes() for one in file.parent.iterdir()}
    ended = edit("--set", "outbox.budget_mb=256", "--dry-run", "--json")
    assert (ended.code, ended.document["code"]) == (0, "planned")
    assert "+budget_mb = 256   # of 16 GB" in ended.document["result"]["diff"]
    assert before == {one: one.read_bytes() for one in file.parent.iterdir()}


def test_point_4_what_is_so_already_is_left_alone(edit: Edit, file: Path) -> None:
    ended = edit("--set", "outbox.budget_mb=512", "--json")
    assert (ended.code, ended.document["code"]) == (0, "already")
    assert not file.with_name("agent.toml.previous").exists()


def test_point_3_a_password_comes_from_a_file_and_is_shown_nowhere(
    edit: Edit, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(f"{NEW_SECRET}\n")
    ended = edit("--set", "CCTV-1.password=file:secret")
    assert ended.code == 0, ended.err
    assert f'password = "{NEW_SECRET}"' in file.read_text()
    for secret in (NEW_SECRET, "kata-sandi-lama-4471"):
        assert secret not in ended.out + ended.err
    assert '+password = "[hidden]"' in ended.out


def test_the_office_is_told_by_a_command(edit: Edit) -> None:
    ended = edit("--remove", "PJU-0002", "--json")
    assert ended.document["result"]["removed"] == ["PJU-0002"]
    assert ended.document["next"] == ["nadi asset retire PJU-0002"]


def test_a_running_agent_is_restarted_and_a_failure_is_told_with_the_way_back(
    edit: Edit, file: Path
) -> None:
    flag = file.with_name("restarted")
    ended = edit("--set", "outbox.budget_mb=256", "--restart", f"touch {flag}")
    assert (ended.code, flag.exists()) == (0, True)
    ended = edit("--set", "outbox.budget_mb=257", "--restart", "false", "--json")
    assert (ended.code, ended.document["code"]) == (4, "E-EDIT-03")
    assert "budget_mb = 257" in file.read_text()
    assert "nadi gateway edit --undo" in ended.document["error"]["fix"]


def test_point_1_without_a_person_the_flag_is_named(edit: Edit) -> None:
    ended = edit("--json", yes=False)
    assert (ended.code, ended.document["code"]) == (2, "E-USAGE-01")
    ended = edit("--set", "outbox.budget_mb=256", "--json", yes=False)
    assert "--yes" in ended.document["error"]["what"]


EDITOR = """#!/bin/sh
case "$(cat {count} 2>/dev/null)" in
"") sed -i 's/budget_mb = 512/budget_mb = "big"/' "$1" ;;
*) sed -i 's/budget_mb = "big"/budget_mb = 128/' "$1" ;;
esac
echo x >>{count}
"""


@pytest.mark.system
@pytest.mark.parametrize(
    ("answers", "kept", "code"),
    [(("y", "y"), "128", 0), (("t",), "512", 3), ((), "512", 3)],
    ids=["again", "give up", "end of input"],
)
def test_point_22_an_editor_is_opened_again_with_the_line_that_is_wrong(
    file: Path, env: dict[str, str], tmp_path: Path, answers: tuple[str, ...], kept: str, code: int
) -> None:
    script = tmp_path / "editor"
    script.write_text(EDITOR.format(count=tmp_path / "count"))
    script.chmod(0o755)
    words = ("gateway", "edit", "--settings", str(file))
    sat = sat_down(words, answers, folder=tmp_path, env={**env, "EDITOR": str(script)})
    assert "FAIL  agent.toml, line 16: outbox.budget_mb: " in sat.shown
    assert (sat.code, sat.asked) == (code, len(answers))
    assert file.read_text() == changed(file, ("= 512 ", f"= {kept} "))
    assert "without questions" not in sat.shown


def test_a_key_in_an_inline_table_is_left_to_the_editor() -> None:
    text = '[[pins]]\nname = "p"\n[[pins.device]]\nasset = "A"\ndoor_open = { pin = 17 }\n'
    steps = document.steps_of(text, "A.door_open.pin")
    with pytest.raises(Trouble) as trouble:
        document.with_value(text, steps, "18")
    assert trouble.value.known.code == "E-EDIT-02"
    whole = document.with_value(text, document.steps_of(text, "A.door_open"), "{ pin = 18 }")
    assert whole == text.replace("17", "18")


LINES = """
[[line]]
name = "new"
port = "new"
[[line.device]]
type = "a02yyuw"
asset = "TPS-0007"
"""


@pytest.mark.system
def test_a_bin_is_found_on_its_line_and_added(edit: Edit, file: Path, tmp_path: Path) -> None:
    with playing(tmp_path, LINES) as ports:
        words = ("--line", str(ports / "new"), "--asset", "alone=TPS-0007")
        ended = edit(*words, "--search", "--baud 9600 --addresses 1", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["result"]["added"] == ["TPS-0007"]
    assert ended.document["next"] == ["nadi asset move TPS-0007 bb-0042"]
    text = file.read_text()
    assert text.startswith(SETTINGS.format(folder=file.parent))
    assert 'asset = "TPS-0007"' in text


@pytest.mark.parametrize("spoken", ["en", "id"])
def test_point_23_a_change_fits_forty_columns_and_no_name_is_cut(
    edit: Edit, file: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, spoken: str
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    env["NADI_LANG"] = spoken
    said = ""
    for words, code in (
        (("--remove", "PJU-0002"), 0),
        (("--undo",), 0),
        (("--set", "outbox.budgt_mb=1"), 2),
        (("--set", "pju.port=/dev/ttyUSB77"), 4),
        (("--set", f"CCTV-1.password={NEW_SECRET}"), 2),
    ):
        ended = edit(*words)
        assert ended.code == code, ended.err
        said += ended.out + ended.err
    assert too_wide(said, 40) == []
    for whole in (
        "nadi asset retire PJU-0002", "nadi asset move PJU-0002 bb-0042", "agent.toml.previous",
        "outbox.budgt_mb", "/dev/ttyUSB77", "CCTV-1.password=file:PATH",
    ):  # fmt: skip
        assert whole in said
