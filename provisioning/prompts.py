"""Questions fill what the command line left out; each has a flag, and nothing else asks."""

import getpass
from collections.abc import Callable
from pathlib import Path

from provisioning.errors import Trouble
from provisioning.language import _, mark
from provisioning.terminal import Terminal

YES, NO = frozenset({"y", "ya", "yes"}), frozenset({"t", "tidak", "n", "no"})
MIN_SECRET, MAX_SECRET = 8, 1024


def ask(terminal: Terminal, question: str, *, flag: str, default: str | None = None) -> str:
    """The answer to `question`, or the default; raises Trouble that names the flag."""
    if not terminal.interactive:
        if default is not None:
            return default
        raise Trouble("E-USAGE-01", flag=flag)
    if default is None:
        shown = terminal.question(f"{question}:")
    else:
        shown = terminal.question(question, f"[{default}]:")
    while True:
        answer = _line(terminal, shown) or default
        if answer:
            return answer


def confirm(
    terminal: Terminal,
    question: str,
    *,
    flag: str = "--yes",
    empty_is_yes: bool = False,
    no: str = "E-CANCEL-01",
) -> None:
    """Returns on yes; raises the Trouble `no` on no, and names the flag if nobody can be asked."""
    if not terminal.interactive:
        raise Trouble("E-USAGE-01", flag=flag)
    choice = _("y/n; Enter: y") if empty_is_yes else _("y/n")
    shown = terminal.question(question, f"[{choice}]")
    while True:
        answer = _line(terminal, shown).casefold()
        if answer in YES or (empty_is_yes and not answer):
            return
        if answer in NO:
            raise Trouble(no)


def typed_name(terminal: Terminal, name: str, *, confirmed: str | None) -> None:
    """Returns if a person, or `--confirm`, wrote exactly `name`; destruction needs it."""
    if confirmed is not None:
        if confirmed != name:
            raise Trouble("E-CONFIRM-01", name=name)
        return
    if not terminal.interactive:
        raise Trouble("E-USAGE-01", flag="--confirm")
    if _line(terminal, _("Type {name} to continue: ").format(name=name)) != name:
        raise Trouble("E-CANCEL-01")


def secret(terminal: Terminal, given: str | None, question: str, *, flag: str, new: bool) -> str:
    """A secret from `file:PATH`, `-` or a hidden question, never from the line itself."""
    if given is None:
        return _hidden(terminal, question, flag=flag, twice=new)
    if given == "-":
        return _usable(
            terminal.source.readline(MAX_SECRET + 2).rstrip("\r\n"), mark("standard input")
        )
    if not given.startswith("file:"):
        write = flag if flag.endswith("=") else f"{flag} "
        raise Trouble("E-USAGE-07", option=flag, write=write)
    path = Path(given.removeprefix("file:"))
    with path.open(encoding="utf-8", errors="replace") as file:
        return _usable(file.read(MAX_SECRET + 2).rstrip("\r\n"), str(path))


def _hidden(terminal: Terminal, question: str, *, flag: str, twice: bool) -> str:
    if not terminal.interactive:
        raise Trouble("E-USAGE-01", flag=flag)
    answer = _usable(_answer(lambda: getpass.getpass(f"{question}: ", terminal.err)), flag)
    if twice:
        again = _answer(lambda: getpass.getpass(_("Once more: "), terminal.err))
        if again != answer:
            raise Trouble("E-USAGE-09", place=flag, why=mark("the two answers differ."))
    return answer


def _usable(text: str, place: str) -> str:
    if not MIN_SECRET <= len(text) <= MAX_SECRET:
        raise Trouble("E-USAGE-09", place=place, why=mark("it is too short or too long."))
    if "\n" in text or "\0" in text:
        raise Trouble("E-USAGE-09", place=place, why=mark("it has more than one line."))
    return text


def _line(terminal: Terminal, question: str) -> str:
    print(question, end="", file=terminal.err, flush=True)
    return _answer(lambda: _read(terminal)).strip()


def _read(terminal: Terminal) -> str:
    line = terminal.source.readline()
    if not line:
        raise EOFError
    return line


def _answer(read: Callable[[], str]) -> str:
    """What `read` gives; the end of input is a no to everything."""
    try:
        return read()
    except (EOFError, KeyboardInterrupt):
        raise Trouble("E-CANCEL-01") from None
