"""The words of `nadi` for bash, made from its own tree: no program is started at a key."""

import sys
from collections.abc import Iterator

import typer
from typer._click.core import Command
from typer.core import TyperGroup, TyperOption

from provisioning.app import build
from provisioning.switches import FLAGS, LANG

HEAD = """\
# bash completion of nadi, made with the package from the tree of its commands.
_nadi() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} path=nadi words= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$path ${COMP_WORDS[i]}" in
"""
MIDDLE = """\
            path="$path ${COMP_WORDS[i]}"
            ;;
        esac
    done
    case "$path $before" in
"""
VALUES = """\
        # A value is to be written; readline offers files.
        return
        ;;
    *" --lang")
        words="id en"
        COMPREPLY=($(compgen -W "$words" -- "$word"))
        return
        ;;
    esac
    case "$path" in
"""
TAIL = """\
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _nadi nadi
"""


def completion() -> str:
    """The whole file."""
    found = dict(_commands("nadi", typer.main.get_command(build())))
    switches = [*FLAGS, LANG[0], "--help"]
    paths = [path for path in found if path != "nadi"]
    valued = [f"{path} {flag}" for path, one in found.items() for flag in _valued(one)]
    cases = [
        f'    "{path}") words="{" ".join([*_words(one), *switches])}" ;;\n'
        for path, one in found.items()
    ]
    return (
        f"{HEAD}{_patterns(paths, ' ' * 8)}{MIDDLE}{_patterns(valued, '    ')}{VALUES}"
        f"{''.join(cases)}{TAIL}"
    )


def _commands(path: str, command: Command) -> Iterator[tuple[str, Command]]:
    yield path, command
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from _commands(f"{path} {name}", one)


def _words(command: Command) -> list[str]:
    """What can follow it: commands, or options."""
    if isinstance(command, TyperGroup):
        return list(command.commands)
    return [flag for option in _options(command) for flag in option.opts]


def _valued(command: Command) -> list[str]:
    return [flag for option in _options(command) if not option.is_flag for flag in option.opts]


def _options(command: Command) -> list[TyperOption]:
    return [one for one in command.params if isinstance(one, TyperOption)]


def _patterns(words: list[str], margin: str) -> str:
    return (
        margin + " |\\\n".join(f'"{word}"' for word in words).replace("\n", f"\n{margin}") + ")\n"
    )


if __name__ == "__main__":
    sys.stdout.write(completion())
