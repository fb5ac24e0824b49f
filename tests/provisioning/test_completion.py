"""Bash completes every word of `nadi`, and starts no program to do so."""

import shlex
import subprocess
from pathlib import Path

import pytest
from typer.core import TyperGroup, TyperOption

from scripts.packages.completion import completion
from tests.provisioning import tree

COMMANDS = {path: one for path, one, _ in tree.commands()}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("completion") / "nadi"
    made.write_text(completion())
    return made


def completed(file: Path, *lines: str) -> list[set[str]]:
    """What bash offers at the end of each line; without PATH nothing can be started."""
    script = [f"source {shlex.quote(str(file))}", "PATH="]
    for line in lines:
        words = [*line.split(" ")]
        script += [
            f"COMP_WORDS=({' '.join(map(shlex.quote, words))})",
            f"COMP_CWORD={len(words) - 1}",
            "COMPREPLY=()",
            "_nadi",
            'echo "${COMPREPLY[*]}"',
        ]
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    said = done.stdout.split("\n")
    assert len(said) == len(lines) + 1
    return [set(one.split()) for one in said[:-1]]


def test_point_25_every_command_and_option_is_offered(file: Path) -> None:
    offered = completed(file, *(f"{path} " for path in COMMANDS))
    for (path, command), words in zip(COMMANDS.items(), offered, strict=True):
        if isinstance(command, TyperGroup):
            assert words >= set(command.commands), path
        else:
            options = {flag for one in command.params if isinstance(one, TyperOption)
                       for flag in one.opts}  # fmt: skip
            assert words >= {*options, "--json", "--lang", "--dry-run"}, path


def test_point_25_what_has_begun_is_ended_and_a_value_is_left_to_the_files(file: Path) -> None:
    begun = completed(
        file,
        *("nadi gate", "nadi authority in", "nadi authority init --ci", "nadi --lang "),
        "nadi gateway edit --settings ",
        "nadi --json gateway pre",
        "nadi gateway revoke bb-0042 --rea",
    )
    assert begun == [
        {"gateway"}, {"init"}, {"--city"}, {"id", "en"}, set(), {"prepare"}, {"--reason"},
    ]  # fmt: skip
