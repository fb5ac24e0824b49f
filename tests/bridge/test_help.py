"""Whoever asks what a command takes reads it in Indonesian, down to the last line."""

import re

import pytest

from broker_bridge.__main__ import main

COMMANDS = (
    *("", "run", "check", "doctor", "where", "balance", "registry", "registry load", "import"),
    *("discard", "backup", "restore", "retain", "export"),
    *("quarantine", "quarantine list", "quarantine show", "quarantine retry"),
    "quarantine discard",
)
# What both languages share: commands to type, switches with their values, names of columns.
TYPED = re.compile(r"nadi-bridge .*|-.*|[\[{].*|[A-Z]+( \.\.\.)?|[a-z]+|[A-Z]+ [A-Z]+|[\[\]A-Z. ]+")


def told(command: str, spoken: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Every column of the help."""
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help", "--lang", spoken])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    return {part.strip() for line in lines for part in re.split(r"\s{2,}", line.strip()) if part}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_of_a_help_is_left_in_english(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    both = told(command, "en", capsys) & told(command, "id", capsys)
    assert {part for part in both if not TYPED.fullmatch(part)} == set()


def test_a_language_in_the_environment_is_heard_before_any_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NADI_LANG", "id")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out.startswith("pemakaian: nadi-bridge")


def test_a_language_that_nobody_speaks_is_refused_as_any_other_wrong_word(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--settings", "x", "--lang", "xx"])
    assert ended.value.code == 2
    assert "invalid choice: 'xx'" in capsys.readouterr().err
