"""A person at a real terminal answers in two languages, and leaves no secret behind."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from scripts.district.process import Program
from tests.provisioning.at_terminal import sat_down
from tests.provisioning.conftest import PASSPHRASE, Nadi, environment
from tests.provisioning.poles import GATEWAY, Pole, lamp, playing, pole
from tests.provisioning.test_every_command import too_wide

pytestmark = pytest.mark.system
CAMERA = "kata-sandi-kamera-7731"


@pytest.fixture
def there(tmp_path: Path) -> Pole:
    made = pole(tmp_path)
    made.delegate()
    made.bundle()
    (tmp_path / "passphrase").chmod(0o600)
    return made


def content(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def wizard(there: Pole) -> list[str]:
    """All but what it asks about the city code."""
    return [one for one in there.line if one != "--yes"] + ["--line", "none"]


@pytest.mark.parametrize("spoken", ["en", "id"])
@pytest.mark.parametrize(
    ("answer", "code"),
    [("ya", 0), ("Y", 0), ("tidak", 3), ("no", 3)],
)
def test_point_22_an_answer_means_the_same_in_either_language(
    there: Pole, spoken: str, answer: str, code: int
) -> None:
    env = {**there.environment, "NADI_LANG": spoken, "TERM": "dumb"}
    sat = sat_down(wizard(there), [answer], folder=there.top, env=env)
    assert (sat.code, sat.asked) == (code, 1), sat.shown
    assert (there.folder / "agent.toml").exists() is (code == 0)


def test_point_22_the_end_of_input_is_a_no_and_leaves_everything_as_it_was(there: Pole) -> None:
    before = content(there.top)
    env = {**there.environment, "TERM": "dumb"}
    sat = sat_down(wizard(there), [], folder=there.top, env=env)
    assert sat.code == 3
    assert content(there.top) == before


def test_point_2_the_wizards_own_line_run_again_finds_everything_done(
    there: Pole, nadi: Nadi
) -> None:
    env = {**there.environment, "TERM": "dumb"}
    words = ["gateway", "enrol", "--passphrase", "file:passphrase", "--folder", "etc"]
    answers = ["", "y", ""]
    sat = sat_down([*words, "--start", "true"], answers, folder=there.top, env=env)
    assert (sat.code, sat.asked) == (0, 3), sat.shown
    line = next(one for one in sat.shown.splitlines() if one.startswith("  nadi gateway enrol"))
    before = content(there.folder)
    done = subprocess.run(
        f"{sys.executable} -m provisioning {line.removeprefix('  nadi')} --json",
        shell=True,
        cwd=there.top,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert '"code": "already"' in done.stdout, done.stdout + done.stderr
    assert content(there.folder) == before


LINES = """
[[line]]
name = "pju"
port = "pju"
[[line.device]]
type = "pzem004t"
asset = "PJU-0001"
address = 1
"""


@pytest.mark.parametrize("spoken", ["en", "id"])
def test_the_wizard_asks_six_times_at_most_and_fits_forty_columns(there: Pole, spoken: str) -> None:
    there.bundle(assets=[lamp(1)])
    words = ["gateway", "enrol", "--folder", "etc", "--start", "true"]
    words += ["--search", "--baud 9600 --addresses 1-2"]
    env = {**there.environment, "TERM": "dumb", "COLUMNS": "40", "NADI_LANG": spoken}
    with playing(there.top, LINES):
        answers = ["", "y", "", PASSPHRASE, "dev/pju", ""]
        sat = sat_down(words, answers, folder=there.top, env=env)
    assert (sat.code, sat.asked) == (0, 6), sat.shown
    assert "ok    PJU-0001: voltage" in sat.shown
    typed = [line for line in sat.shown.splitlines() if line.endswith("dev/pju")]
    said = "\n".join(line for line in sat.shown.splitlines() if line not in typed)
    assert too_wide(said, 40) == []


@contextmanager
def watching(secrets: list[str]) -> Iterator[list[str]]:
    """The command lines and environments of all processes that show a secret meanwhile."""
    seen: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    with suppress(OSError):
                        said = (process / name).read_bytes()
                        seen.extend(f"{name}: {one}" for one in secrets if one.encode() in said)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def test_point_3_no_secret_is_where_others_can_read_it(there: Pole, tmp_path: Path) -> None:
    (tmp_path / "camera").write_text(f"{CAMERA}\n")
    (tmp_path / "camera").chmod(0o600)
    env = {**there.environment, "TERM": "dumb", "NADI_AUTHORITY": str(there.authority.folder)}
    shown = ""
    with watching([PASSPHRASE, CAMERA]) as seen:
        line = [word for word in wizard(there) if word not in ("--passphrase", "file:passphrase")]
        sat = sat_down(line, ["y", PASSPHRASE], folder=there.top, env=env)
        assert (sat.code, sat.asked) == (0, 2), sat.shown
        shown += sat.shown
        settings = there.folder / "agent.toml"
        with settings.open("a") as file:
            file.write(CCTV)
        place = ("--settings", str(settings))
        for words in (
            ("gateway", "edit", "--set", "CCTV-1.password=file:camera", *place, "--yes"),
            ("gateway", "token", GATEWAY, "--out", str(there.folder / "token")),
            ("doctor", "--report", str(there.stick / "report.tar.gz"), *place),
            ("gateway", "edit", "--set", "CCTV-1.password=[", *place, "--yes", "--debug"),
        ):
            sat = sat_down(words, [], folder=there.top, env=env)
            shown += sat.shown
    assert seen == []
    token = (there.folder / "token").read_text().strip()
    keys = [
        file.read_text().splitlines()[1]
        for file in there.top.rglob("*.key")
        if "ENCRYPTED" not in file.read_text()
    ]
    secrets = [PASSPHRASE, CAMERA, token, *keys]
    assert len(keys) >= 3
    assert CAMERA in settings.read_text()
    assert [one for one in secrets if one in shown] == []
    unpacked = there.stick / "report"
    unpacked.mkdir()
    subprocess.run(["tar", "-xzf", there.stick / "report.tar.gz", "-C", unpacked], check=True)
    assert open_to_others(tmp_path, there.stick, secrets) == []


CCTV = """
[[network]]
name = "cctv"
[[network.device]]
driver = "rtsp_camera"
asset = "CCTV-1"
host = "127.0.0.1"
port = 9
user = "nadi"
password = "change-me"
"""


def open_to_others(top: Path, stick: Path, secrets: list[str]) -> list[str]:
    """Files with a secret that others of this machine can read, or that leave it on a stick."""
    found = []
    for file in top.rglob("*"):
        if not file.is_file() or file.is_symlink():
            continue
        leaves = stick in file.parents
        if file.stat().st_mode & 0o004 or leaves:
            said = file.read_bytes().decode(errors="replace")
            found += [str(file) for one in secrets if one in said]
    return found


def test_a_file_that_shows_a_secret_is_found_out(tmp_path: Path) -> None:
    leak = tmp_path / "leak.log"
    leak.write_text(f"opened with {PASSPHRASE}")
    assert open_to_others(tmp_path, tmp_path / "stick", [PASSPHRASE]) == [str(leak)]


def test_point_3_no_core_is_ever_written(tmp_path: Path) -> None:
    line = f"ulimit -c unlimited; exec {sys.executable} -m provisioning broker apply --folder ."
    nadi = Program("nadi", ["sh", "-c", line], folder=tmp_path, env=environment(tmp_path))
    nadi.start()  # it waits for a change of lists
    limits = Path(f"/proc/{nadi.pid}/limits")
    nadi.wait_until(lambda: core_is_off(limits), what="without a core", deadline_s=60)
    nadi.kill()


def core_is_off(limits: Path) -> bool:
    (line,) = (one for one in limits.read_text().splitlines() if one.startswith("Max core"))
    return line.split()[4:6] == ["0", "0"]
