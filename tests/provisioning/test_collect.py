"""`nadi collect` on a gateway and `nadi-bridge import` in the city, as people run them."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.asking import ask
from contract.carried import FOLDER
from contract.outbox_report import OutboxReport
from scripts.district.process import Program
from tests.provisioning.conftest import Ended, Nadi, environment
from tests.provisioning.cutoff import CutOff, cut_off, small_stick
from tests.provisioning.test_every_command import too_wide

pytestmark = pytest.mark.system
BATCHES = 40


@pytest.fixture
def pole(tmp_path: Path) -> Iterator[CutOff]:
    with cut_off(tmp_path, batches=BATCHES) as made:
        yield made


@pytest.fixture
def env(pole: CutOff) -> Mapping[str, str]:
    return {"PATH": f"{pole.top / 'bin'}:{environment(pole.top)['PATH']}"}


def _line(*more: str) -> tuple[str, ...]:
    return ("collect", "stick", "--settings", "agent.toml", *more)


def _import(pole: CutOff, env: Mapping[str, str], *more: str) -> Ended:
    line = ["nadi-bridge", "import", "--settings", "bridge.toml", "stick", *more]
    done = subprocess.run(
        [str(pole.top / "bin" / line[0]), *line[1:]],
        cwd=pole.top, env=environment(pole.top, env), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr)


def test_a_gateway_is_emptied_by_a_stick_while_its_agent_runs(
    pole: CutOff, env: Mapping[str, str], nadi: Nadi
) -> None:
    socket = pole.top / "agent.sock"
    agent = Program(
        "agent",
        [sys.executable, "-m", "agent", "run", "--settings", str(pole.top / "agent.toml")],
        folder=pole.top,
    )
    agent.start()
    try:
        agent.wait_until(lambda: _report(socket) > BATCHES, what="sealing", deadline_s=60)
        first = nadi(*_line("--json"), env=env)
        assert first.code == 0, first.err
        copied = first.document["result"]["readings"]
        assert first.document["result"]["running"]
        assert first.document["result"]["waiting"] > BATCHES
        brought = _import(pole, env, "--json")
        assert brought.code == 0, brought.err
        assert pole.stored() == copied
        back = nadi(*_line("--json"), env=env).document["result"]
        assert (back["receipt"], back["closed"]) == ("applied", first.document["result"]["copied"])
        assert back["freed"] >= 2  # a part of each epoch
    finally:
        agent.stop()


def _report(socket: Path) -> int:
    said = ask(socket, {"cmd": "outbox"}, OutboxReport) if socket.exists() else None
    return said.batches if said else 0


def test_a_visit_that_is_killed_anywhere_goes_on_and_doubles_nothing(
    pole: CutOff, env: Mapping[str, str], nadi: Nadi
) -> None:
    line = [str(pole.top / "bin" / "nadi-agent"), "export", "stick", "--settings", "agent.toml"]
    for after in (0, 1, 2):
        pole.gateway.start()
        pole.gateway.seal(3)
        pole.settle_down()
        with subprocess.Popen(
            [*line, "--json"], cwd=pole.top, env=environment(pole.top, env), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as visit:  # fmt: skip
            assert visit.stdout
            for _ in range(after):
                visit.stdout.readline()
            visit.send_signal(signal.SIGKILL)
    assert nadi(*_line(), env=env).code == 0
    assert _import(pole, env).code == 0
    assert pole.stored() == pole.gateway.sealed.total()


def test_a_full_stick_says_so_and_the_rest_goes_on_another(
    pole: CutOff, env: Mapping[str, str], nadi: Nadi, tmp_path: Path
) -> None:
    with small_stick(tmp_path / "small", options="size=1m") as small:
        full = nadi("collect", str(small), "--settings", "agent.toml", env=env)
    assert (full.code, full.err.split()[-1]) == (5, "E-COLLECT-01")
    assert f"{BATCHES} batches found no room" in " ".join(full.err.split())
    assert nadi(*_line(), env=env).code == 0
    _import(pole, env)
    assert pole.stored() == 2 * BATCHES


def test_a_read_only_stick_says_so(env: Mapping[str, str], nadi: Nadi, tmp_path: Path) -> None:
    with small_stick(tmp_path / "locked", options="ro,size=8m") as locked:
        ended = nadi("collect", str(locked), "--settings", "agent.toml", env=env)
    assert (ended.code, ended.err.split()[-1]) == (5, "E-COLLECT-02")


NO_SETTINGS = {
    "nowhere.toml": {
        "en": "enrol the gateway again with nadi gateway enrol, or name another --settings.",
        "id": "daftarkan gateway lagi dengan nadi gateway enrol, atau sebut --settings yang lain.",
    },
    "kept.toml": {
        "en": "put it back: cp kept.toml.previous kept.toml.",
        "id": "kembalikan: cp kept.toml.previous kept.toml.",
    },
    "damaged.toml": {"en": "mend that line.", "id": "perbaiki baris itu."},
}


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_wrong_stick_has_its_own_sentence(
    language: str, pole: CutOff, env: Mapping[str, str], nadi: Nadi
) -> None:
    (pole.top / "own").mkdir()
    spoken = {**env, "NADI_LANG": language}
    wrong = {
        "E-COLLECT-05": ("collect", "own", "--settings", "agent.toml"),
        "E-COLLECT-06": ("collect", "nowhere", "--settings", "agent.toml"),
        "E-COLLECT-07": ("collect", "stick", "--settings", "nowhere.toml"),
    }
    for code, line in wrong.items():
        ended = nadi(*line, env=spoken)
        assert ended.err.split()[-1] == code, ended.err
        assert "Traceback" not in ended.err
    (pole.top / "damaged.toml").write_text("[gateway\n")
    (pole.top / "kept.toml.previous").write_bytes((pole.top / "agent.toml").read_bytes())
    for name, remedies in NO_SETTINGS.items():
        said = " ".join(nadi("collect", "stick", "--settings", name, env=spoken).err.split())
        assert remedies[language] in said
    (pole.stick / FOLDER / "kendari").mkdir(parents=True)
    assert nadi(*_line(), env=spoken).err.split()[-1] == "E-COLLECT-04"
    assert nadi(*_line(), env={"PATH": "/nonexistent"}).err.split()[-1] == "E-AGENT-03"
    assert not list(pole.stick.rglob("*.part"))


def test_no_secret_goes_on_a_stick(pole: CutOff, env: Mapping[str, str], nadi: Nadi) -> None:
    nadi(*_line(), env=env)
    _import(pole, env)
    key = (pole.top / "gateway.key").read_bytes().splitlines()[1]
    there = [file.read_bytes() for file in pole.stick.rglob("*") if file.is_file()]
    assert there
    assert not [data for data in there if key in data or b"PRIVATE KEY" in data]


def test_an_altered_stick_ends_the_import_with_its_files_named(
    pole: CutOff, env: Mapping[str, str], nadi: Nadi
) -> None:
    nadi(*_line(), env=env)
    (part,) = pole.stick.rglob("*.part")
    part.write_bytes(part.read_bytes()[:-1])
    ended = _import(pole, env, "--json")
    assert ended.code == 1
    (gateway,) = json.loads(ended.out)["gateways"]
    assert [one["file"] for one in gateway["findings"]] == [part.name]
    assert pole.stored() == 0


def test_a_folder_that_is_no_stick_is_refused_in_words(
    pole: CutOff, env: Mapping[str, str]
) -> None:
    ended = _import(pole, env)
    assert (ended.code, ended.err.splitlines()[0]) == (
        1,
        f"error: stick: no gateway has put anything there (it would be in {FOLDER})",
    )


@pytest.mark.parametrize("language", ["en", "id"])
def test_point_23_a_visit_fits_forty_columns_and_no_name_is_cut(
    pole: CutOff,
    env: Mapping[str, str],
    nadi: Nadi,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    spoken = {**env, "NADI_LANG": language}
    wrong = ("collect", "no-such-stick", "--settings", "agent.toml")
    said = ""
    for line, code in ((_line("--dry-run"), 0), (_line(), 0), (wrong, 5)):
        ended = nadi(*line, env=spoken)
        assert ended.code == code, ended.err
        said += ended.out + ended.err
    assert _import(pole, env).code == 0
    back = nadi(*_line(), env=spoken)
    assert too_wide(said + back.out + back.err, 40) == []
    assert "bb-0042" in said
    assert "no-such-stick" in said
