"""A name with a sign that means something in a topic or a path is refused at every door."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.core import TyperGroup

from tests.provisioning import tree
from tests.provisioning.conftest import ROOT, Nadi
from tests.provisioning.lists import GOOD, lamp, written

ODD = ("bb+1", "bb#1", "bb/1", "$bb1", "bb 1", " bb1", "bb1 ", "bb\n1")
WHY = ("--reason", "test")
SETTINGS = ("--settings", "agent.toml")
NAMING = {"NAME", "NAMES", "ASSET", "GATEWAY", "WHERE=NUMBER"}
# Every parameter of every command that takes a name, and a line on which {} is that name; what
# --confirm says is only compared.
DOORS: dict[tuple[str, str], Sequence[str]] = {
    ("nadi authority init", "--city"): ("--city", "{}", "--host", "127.0.0.1"),
    ("nadi authority delegate", "NAME"): ("bb-0001", "{}", "--out", "out"),
    ("nadi authority issue", "NAME"): ("{}", "--role", "reader"),
    ("nadi authority renew", "NAME"): ("{}",),
    ("nadi authority revoke", "NAME"): ("{}", *WHY, "--confirm", "{}"),
    ("nadi fleet list", "--gateway"): ("--gateway", "{}"),
    ("nadi fleet show", "NAME"): ("{}",),
    ("nadi gateway prepare", "NAMES"): ("bb-0001", "{}"),
    ("nadi gateway enrol", "NAME"): ("{}", "--bundle", "usb:{}"),
    ("nadi gateway enrol", "--asset"): ("--asset", "1={}"),
    ("nadi gateway token", "NAME"): ("{}",),
    ("nadi gateway revoke", "NAME"): ("{}", *WHY, "--confirm", "{}"),
    ("nadi gateway replace", "NAME"): ("{}", *WHY, "--confirm", "{}"),
    ("nadi gateway retire", "NAME"): ("{}", *WHY, "--confirm", "{}"),
    ("nadi gateway edit", "--asset"): (*SETTINGS, "--line", "p", "--asset", "1={}"),
    ("nadi gateway edit", "--remove"): (*SETTINGS, "--remove", "{}"),
    ("nadi asset move", "ASSET"): ("{}", "bb-0001"),
    ("nadi asset move", "GATEWAY"): ("PJU-0001", "{}"),
    ("nadi asset retire", "ASSET"): ("{}", *WHY, "--confirm", "{}"),
    ("nadi status", "--gateway"): ("--gateway", "{}"),
    ("nadi doctor", "--trace"): ("--trace", "{}"),
}  # fmt: skip


@pytest.fixture
def office(nadi: Nadi, authority: Path, tmp_path: Path) -> Path:
    """A city with a list, and beside it the settings of a gateway."""
    (tmp_path / "assets.csv").write_text(written(), newline="")
    assert nadi("fleet", "import", "assets.csv").code == 0
    (tmp_path / "agent.toml").write_bytes((ROOT / "configs" / "agent.example.toml").read_bytes())
    return authority


def content(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_every_parameter_that_takes_a_name_is_a_door_here() -> None:
    found = {
        (
            path,
            max(one.opts, key=len) if one.opts[0].startswith("-") else str(one.metavar).rstrip("."),
        )
        for path, command, _ in tree.commands()
        if not isinstance(command, TyperGroup)
        for one in command.params
        if str(one.metavar).rstrip(".") in NAMING and "--confirm" not in one.opts
    }
    assert found == set(DOORS)


def test_an_odd_name_is_refused_at_every_door_and_nothing_is_changed(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    before = content(tmp_path)
    for (path, parameter), words in DOORS.items():
        code = "E-EDIT-01" if parameter == "--remove" else "E-USAGE-08"
        for name in ODD:
            line = [word.replace("{}", name) for word in words]
            ended = nadi(*path.split()[1:], *line, "--json")
            assert (ended.code, ended.document["code"]) == (2, code), (path, parameter, name)
            assert content(tmp_path) == before, (path, parameter, name)


@pytest.mark.parametrize("column", ["id", "gateway"])
def test_an_odd_name_in_a_list_is_named_with_its_line_and_nothing_is_imported(
    nadi: Nadi, office: Path, tmp_path: Path, column: str
) -> None:
    """Spaces around a cell are a spreadsheet's, and no part of a name."""
    before = content(office)
    for name in (name for name in ODD if name == name.strip() and "\n" not in name):
        row = lamp(**{"id": "PJU-0009", column: name})
        (tmp_path / "odd.csv").write_text(written((*GOOD, row)), newline="")
        ended = nadi("fleet", "import", "odd.csv", "--json")
        assert (ended.code, ended.document["code"]) == (5, "E-FLEET-01"), name
        (fault,) = ended.document["result"]["faults"]
        assert (fault["line"], fault["column"]) == (7, column)
    assert content(office) == before
