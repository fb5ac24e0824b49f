"""What holds for every command of `nadi`, also for the next one."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from typer.core import TyperGroup

from provisioning import language
from provisioning.authority import folder as places
from provisioning.authority.record import opened
from provisioning.broker import applying
from provisioning.certificates import Role, client, new_key
from tests.provisioning import tree
from tests.provisioning.conftest import PASSPHRASE, ROOT, Ended, Nadi
from tests.provisioning.lists import written

LEAVES = [path for path, one, _ in tree.commands() if not isinstance(one, TyperGroup)]
KEYS = {"schema", "ok", "code", "exit", "pending", "next", "result"}
ENDS = {0, 2, 3, 4, 5, 6, 7}  # 1 would be a fault of ours
SECRET = ("--passphrase", "file:passphrase")
GATEWAY = "bb-0001"

READING = {"nadi status", "nadi doctor", "nadi authority status", "nadi fleet list",
           "nadi fleet show"}  # fmt: skip
CHANGING: dict[str, Sequence[str]] = {
    "nadi authority init": (
        *("--city", "raha", "--host", "127.0.0.1", "--authority", "fresh"), *SECRET
    ),
    "nadi authority delegate": (GATEWAY, "--out", "delegation", *SECRET),
    "nadi authority issue": ("dinas", "--role", "reader"),
    "nadi authority renew": ("bridge",),
    "nadi authority revoke": ("bridge", "--reason", "test", "--confirm", "bridge"),
    "nadi authority apply": (),
    "nadi broker apply": ("--folder", "authority/broker"),
    "nadi fleet import": ("more.csv",),
    "nadi fleet publish": (),
    "nadi gateway prepare": ("bb-0001..bb-0003",),
    "nadi gateway token": (GATEWAY, "--out", "token"),
    "nadi gateway revoke": (GATEWAY, "--reason", "test", "--confirm", GATEWAY),
    "nadi asset move": ("PJU-0001", "bb-0002"),
    "nadi asset retire": ("PJU-0001", "--reason", "test", "--confirm", "PJU-0001"),
    "nadi collect": ("stick",),
}  # fmt: skip
LEAVING = "test_points_9_and_10_a_gateway_is_retired_with_the_exact_count_of_what_is_lost"
# What needs a whole gateway or the city's store is tried in dry runs where one is.
ELSEWHERE = {
    "nadi gateway enrol": "test_enrol.py::test_point_5_a_dry_run_writes_nothing",
    "nadi gateway renew": "test_renewal.py::test_point_5_a_dry_run_asks_nobody_and_changes_nothing",
    "nadi gateway replace": f"test_leaving.py::{LEAVING}",
    "nadi gateway retire": f"test_leaving.py::{LEAVING}",
    "nadi gateway edit": "test_edit.py::test_point_5_a_dry_run_shows_the_change_and_makes_none",
}


@pytest.fixture
def office(nadi: Nadi, authority: Path, tmp_path: Path) -> Path:
    """An authority with an inventory, and a gateway that has a certificate."""
    assert authority == tmp_path / "authority"
    (tmp_path / "assets.csv").write_text(written())
    assert nadi("fleet", "import", "assets.csv").code == 0
    (tmp_path / "more.csv").write_text(written().replace("PJU-0001", "PJU-0009"))
    (tmp_path / "stick").mkdir()
    there, now = places.load(authority), datetime.now(UTC)
    made = client(there.issuing, new_key().public_key(), role=Role.GATEWAY, name=GATEWAY, now=now)
    with opened(there.record_file, write=True) as kept:
        kept.add(made, issuer="issuing", role=Role.GATEWAY)
    return tmp_path


def content(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def words_of(path: str) -> list[str]:
    return path.split()[1:]


def test_every_command_is_known_to_read_or_to_change() -> None:
    assert sorted({*READING, *CHANGING, *ELSEWHERE}) == sorted(LEAVES)
    for place in ELSEWHERE.values():
        file, name = place.split("::")
        assert f"def {name}(" in (Path(__file__).parent / file).read_text()


def test_point_1_nothing_said_and_nobody_there_ends_in_words(nadi: Nadi, office: Path) -> None:
    for path, command, _ in tree.commands():
        if path not in LEAVES:
            continue
        flags = {flag for parameter in command.params for flag in parameter.opts}
        flags |= {str(parameter.metavar).rstrip(".") for parameter in command.params}
        for words in ((), ("--no-input",)):
            ended = nadi(*words_of(path), *words, "--dry-run", "--json", given=None)
            assert ended.code in ENDS, f"{path}: {ended.err}"
            if ended.document["code"] == "E-USAGE-01":
                assert ended.document["error"]["what"].split()[0] in flags, path


def test_point_8_whatever_happens_one_document_is_written_and_in_every_language_the_same(
    nadi: Nadi, office: Path
) -> None:
    for path in LEAVES:
        documents = set()
        for spoken in language.LANGUAGES:
            ended = nadi(*words_of(path), "--dry-run", "--json", "--lang", spoken)
            assert set(ended.document) >= KEYS
            assert ended.document["ok"] is (ended.code == 0)
            assert ended.document["exit"] == ended.code
            documents.add(re.sub(r'"seconds": [0-9.]+', "", ended.out))
        assert len(documents) == 1, path


@pytest.mark.parametrize("path", CHANGING)
def test_point_5_a_dry_run_plans_and_changes_nothing(path: str, nadi: Nadi, office: Path) -> None:
    change = applying.current(office / "authority" / "broker").model_dump_json()
    before = content(office)
    ended = nadi(*words_of(path), *CHANGING[path], "--dry-run", "--json", given=change)
    assert (ended.code, ended.document["code"]) == (0, "planned"), ended.out + ended.err
    assert content(office) == before


def test_point_13_every_command_that_any_sentence_quotes_is_one_of_ours() -> None:
    with (ROOT / "provisioning/locale/en/LC_MESSAGES/nadi.po").open("rb") as file:
        said = [one for message in read_po(file) for one in _texts(message.id)]
    quoted = {line for text in said for line in re.findall(r"`(?:sudo )?(nadi [^`]+)`", text)}
    assert len(quoted) > 10
    for line in sorted(quoted):
        tree.parse(line)


def _texts(identifier: object) -> tuple[str, ...]:
    return tuple(identifier) if isinstance(identifier, tuple | list) else (str(identifier),)


SHOWN = (
    ("authority", "status"),
    ("fleet", "list"),
    ("fleet", "show", "PJU-0001"),
    ("fleet", "import", "bad.csv"),
    ("fleet", "import", "more.csv"),
    ("gateway", "prepare", "bb-0001..bb-0003"),
    ("gateway", "token", "bb-0001", "--out", "token"),
    ("asset", "move", "PJU-0001", "bb-0002"),
    ("fleet", "publish"),
    ("gateway", "revok", "bb-0001"),
    ("gateway", "enrol", "--bundle", "none"),
)


@pytest.mark.parametrize("spoken", language.LANGUAGES)
@pytest.mark.parametrize("columns", [40, 60])
def test_point_23_what_an_office_sees_fits_and_no_name_is_cut(
    nadi: Nadi, office: Path, monkeypatch: pytest.MonkeyPatch, spoken: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    (office / "bad.csv").write_text(written().replace("PJU-0001", "PJU 0001"))
    whole = ""
    for line in SHOWN:
        ended = nadi(*line, "--lang", spoken)
        said = ended.out + ended.err
        assert "Traceback" not in said
        assert too_wide(said, columns) == [], line
        whole += said
    assert "74.72.06.1007" in whole
    assert "PJU-0001" in whole


def too_wide(said: str, columns: int) -> list[str]:
    """Lines that are longer than the terminal, though they could be broken at a space."""
    long = [line for line in said.splitlines() if len(line) > columns]
    return [line for line in long if " " in line.strip() and not line.startswith("  nadi")]


def test_point_7_every_way_to_end_is_one_of_eight(nadi: Nadi, office: Path) -> None:
    seen: dict[int, Ended] = {}
    for line in (
        ("authority", "status"),
        ("foo",),
        ("gateway", "edit", "--settings", "none"),
        ("gateway", "token", "--authority", "none"),
        ("doctor", "--settings", "none"),
        ("authority", "revoke", "bridge", "--reason", "x", "--confirm", "bridge"),
    ):
        ended = nadi(*line, "--json")
        seen[ended.code] = ended
    assert set(seen) <= {*ENDS}
    assert {0, 2, 4, 5, 6} <= set(seen)
    assert PASSPHRASE not in "".join(one.out + one.err for one in seen.values())
