"""What goes wrong at the centre is told in the language of whoever reads it; logs read English."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

import broker_bridge
from broker_bridge import errors, language
from broker_bridge.__main__ import main
from broker_bridge.config import BridgeSettings
from broker_bridge.errors import QuarantineRefused, StoreGone, StoreRefused
from broker_bridge.language import mark
from broker_bridge.stores.sqlite import SqliteStore

CODE = Path(broker_bridge.__file__).parent
OURS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.BridgeError)
}
THE_CONTRACTS = {"NadiError", "SettingsError"}


@pytest.fixture
def file(tmp_path: Path, settings: BridgeSettings) -> Path:
    """The settings, as an operator has them; no backup folder is named, and no broker is there."""
    broker = settings.broker
    written = tmp_path / "bridge.toml"
    written.write_text(
        f"""
city = "{settings.city}"
[broker]
host = "127.0.0.1"
port = 1
ca_file = "{broker.ca_file}"
cert_file = "{broker.cert_file}"
key_file = "{broker.key_file}"
[store]
kind = "sqlite"
path = "{settings.store.path}"
"""
    )
    return written


WRONG = [
    ("balance --gateway bb-9999", "bb-9999: gateway itu belum pernah terdengar", "tanpa --gateway"),
    ("registry load none.json", "none.json tidak dapat dibaca", "perbaiki jalurnya"),
    ("import .", "belum ada gateway yang menaruh apa pun", "folder tempat USB terpasang"),
    ("backup", "belum disebut di mana cadangan disimpan", "[backup] folder"),
    ("restore none", "none tidak berisi manifest.json", "yang dibuat nadi-bridge backup"),
    ("export readings /", "tidak jelas", "atau sebutkan --format"),
    ("export readings none/a.csv", "none bukan folder", "mkdir -p"),
    ("export readings a.csv --asset x", "tidak ada aset bernama x", "yang dikenal di sini"),
    ("quarantine show 17", "pesan 17 tidak ada di karantina", "quarantine list"),
    ("quarantine retry", "belum disebut pesan yang mana", "sebutkan nomornya"),
]


@pytest.mark.parametrize(("command", "sentence", "hint"), WRONG)
@pytest.mark.usefixtures("store")
def test_a_command_says_in_indonesian_what_is_wrong(
    command: str,
    sentence: str,
    hint: str,
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), "--settings", str(file), "--lang", "id"]) != 0
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("galat: ")
    assert sentence in first
    assert second.startswith(" saran: ")
    assert hint in second


@pytest.mark.parametrize("command", ["check", "doctor", "where"])
def test_a_report_says_in_indonesian_why_a_store_cannot_be_used(
    command: str, file: Path, settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(settings.store.path).write_text("not a database, and long enough to be looked at" * 20)
    main([command, "--settings", str(file), "--lang", "id"])
    assert "tidak dapat dipakai: file is not a database" in capsys.readouterr().out


@pytest.mark.usefixtures("store")
def test_a_check_says_in_indonesian_that_the_broker_is_not_there(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--settings", str(file), "--lang", "id"]) == 1
    said = capsys.readouterr().out
    assert "broker di 127.0.0.1:1 tidak terjangkau: [Errno 111] Connection refused" in said
    assert "apakah ia berjalan, dan portnya benar?" in said


def test_settings_that_are_refused_are_so_in_indonesian(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(file.read_text().replace("sqlite", "postgresql"))
    assert main(["run", "--settings", str(file), "--lang", "id"]) == 2
    assert "kind postgresql memerlukan conninfo" in capsys.readouterr().err


def test_the_environments_language_is_heard_from_the_first_process_on(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "broker_bridge", "discard", "--settings", str(file)],
        env={**os.environ, "NADI_LANG": "id"}, input="{}", capture_output=True, text=True,
        check=False, cwd=CODE.parent,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "galat: apa yang akan dilepaskan harus berupa satu dokumen JSON di masukan standar",
        ' saran: misalnya {"gateway": "bb-0042", "count": 212, "reason": "kartu hancur"}',
    ]


@pytest.mark.usefixtures("store")
def test_a_program_reads_english_whatever_the_city_speaks(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["quarantine", "show", "17", "--json", "--settings", str(file), "--lang", "id"]
    assert main(line) == 1
    assert "error: message 17 is not in quarantine" in capsys.readouterr().err


def test_the_text_of_an_error_stays_english_and_what_is_told_does_not() -> None:
    language.use("id", ZoneInfo("UTC"))
    error = QuarantineRefused(
        mark("{count} messages would be lost for good"),
        hint=mark("look at them first; then say so with --count {typed}"),
        count=1_204,
        typed="1204",
    )
    assert (str(error), error.hint) == (
        "1,204 messages would be lost for good",
        "look at them first; then say so with --count 1204",
    )
    assert error.told == (
        "1.204 pesan akan hilang selamanya",
        "lihat dahulu; lalu tegaskan dengan --count 1204",
    )


def test_a_reason_in_an_error_is_told_in_its_language_too() -> None:
    language.use("id", ZoneInfo("UTC"))
    reason = StoreRefused(mark("{path} refuses the data: {why}"), path="city.db", why="{odd}")
    error = StoreGone(
        mark("the store refuses even what it should only keep aside: {why}"), why=reason
    )
    assert str(error).endswith("keep aside: city.db refuses the data: {odd}")
    assert error.told == (
        "basis data menolak bahkan yang hanya harus disisihkan: city.db menolak datanya: {odd}",
        "",
    )


def test_no_error_is_raised_with_a_sentence_that_nobody_can_translate() -> None:
    assert [*_faulty(CODE)] == []


def test_a_sentence_that_is_not_marked_or_lacks_a_value_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        'StoreGone("gone")\nStoreGone(mark("gone"), hint=f"{1}")\nSettingsError(mark("a"))\n'
        'StoreGone(mark("gone from {path}"), hint=mark("wait"))\n'
        'StoreGone(mark("gone from {path}"), hint=mark("wait"), path="here")\n'
    )
    assert [line for _, line in _faulty(tmp_path)] == [1, 2, 3, 4]


def _faulty(folder: Path) -> Iterator[tuple[str, int]]:
    for source in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                if name in THE_CONTRACTS or (name in OURS and not _can_be_told(node)):
                    yield source.name, node.lineno


def _can_be_told(made: ast.Call) -> bool:
    """What is no literal is held to be marked by its type."""
    values = {one.arg: one.value for one in made.keywords}
    templates = []
    for said in (*made.args[:1], *filter(None, [values.get("hint")])):
        if isinstance(said, ast.Constant | ast.JoinedStr):
            return False
        if isinstance(said, ast.Call) and said.args:
            templates.append(str(ast.literal_eval(said.args[0])))
    wanted = {field for one in templates for _, field, _, _ in Formatter().parse(one) if field}
    return None in values or wanted <= values.keys()  # None: some are given as a whole


def test_a_store_is_not_replaced_and_the_operator_reads_how_it_would_be(
    store: SqliteStore, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.close()
    said = ["--settings", str(file), "--lang", "id"]
    assert main(["backup", str(tmp_path / "copies"), *said]) == 0
    (made,) = (tmp_path / "copies").iterdir()
    assert main(["restore", str(made), *said]) == 1
    told = capsys.readouterr().err
    assert "city.db sudah ada" in told
    assert "hentikan jembatan; --replace menyisihkannya" in told
