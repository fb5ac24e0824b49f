"""Finds the lines of a TOML document on which a key or a table stands."""

import re

Steps = tuple[int | str, ...]
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\"' -]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w-]+|\"[^\"]*\"|'[^']*')\s*=")


def line_of(text: str, steps: Steps) -> int | None:
    """The line, from 1, of the key at `steps` or of what is nearest around it; None if unknown.

    Steps that are no key of the document, such as the tag of a union, are passed over. Tables
    written inside a value have the line of that value.
    """
    lines = _lines(text)
    at: Steps = ()
    for step in steps:
        if (*at, step) in lines:
            at = (*at, step)
    return lines.get(at)


def end_of(text: str, table: Steps) -> int | None:
    """The last line, from 1, of a table and all within it; None if the document has no such table.

    The comments and the rest of a value that follow its last key without an empty line are its own.
    """
    keys = _lines(text)
    inside = [line for steps, line in keys.items() if steps[: len(table)] == table]
    if not inside:
        return None
    lines, last = text.splitlines(), max(inside)
    others = set(keys.values())
    while last < len(lines) and lines[last].strip() and last + 1 not in others:
        last += 1
    return last


def _lines(text: str) -> dict[Steps, int]:
    lines: dict[Steps, int] = {}
    table: Steps = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _open(lines, header[2], number, repeated=header[1] == "[[")
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[1].strip("\"'")), number)
    return lines


def _open(lines: dict[Steps, int], name: str, number: int, *, repeated: bool) -> Steps:
    """Enter the table `name`; each part before the last is the newest of its kind."""
    at: Steps = ()
    parts = [part.strip(" \"'") for part in name.split(".")]
    for part in parts[:-1]:
        at = _newest(lines, (*at, part))
    at = (*at, parts[-1])
    lines.setdefault(at, number)
    if repeated:
        at = (*at, _count(lines, at))
        lines[at] = number
    return at


def _newest(lines: dict[Steps, int], at: Steps) -> Steps:
    count = _count(lines, at)
    return (*at, count - 1) if count else at


def _count(lines: dict[Steps, int], at: Steps) -> int:
    count = 0
    while (*at, count) in lines:
        count += 1
    return count
