"""Every command of `nadi`; run as a program it prints the help of each, in one language."""

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator

from provisioning import language

language.use(os.environ.get("NADI_LANG", "en"))

import typer  # noqa: E402 the language comes first
from typer._click.core import Command, Context  # noqa: E402
from typer.core import TyperGroup  # noqa: E402

from provisioning import switches  # noqa: E402
from provisioning.app import build  # noqa: E402


def commands() -> Iterator[tuple[str, Command, Context]]:
    """Each group and command with its path and a context to ask it for help."""
    width = int(os.environ.get("COLUMNS", "80"))
    root = typer.main.get_command(build())
    yield from _below(root, Context(root, info_name="nadi", terminal_width=width))


def _below(command: Command, context: Context) -> Iterator[tuple[str, Command, Context]]:
    yield context.command_path, command, context
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            inner = Context(one, info_name=name, parent=context)
            yield from _below(one, inner)


def parse(line: str) -> None:
    """Returns if `nadi` would understand the line; raises what it would say otherwise."""
    words = list(switches.take(shlex.split(re.sub(r"\{\w+\}", "x", line))).rest)
    assert words.pop(0) == "nadi"
    command: Command = typer.main.get_command(build())
    context = Context(command, info_name="nadi")
    while isinstance(command, TyperGroup):
        assert words, f"{line}: names a group, not a command"
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{line}: there is no {name}"
        command = found
        context = Context(command, info_name=name, parent=context)
    command.make_context(context.info_name, words, parent=context.parent)


if __name__ == "__main__":
    pages = {path: command.get_help(context) for path, command, context in commands()}
    json.dump(pages, sys.stdout)
