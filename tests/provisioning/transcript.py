"""The transcripts of a page: what is typed on a terminal, and what appears there.

A block is fenced as ```console. A line that begins with `$ ` is a command; the lines up to the next
one are what must appear, and where the program waits for an answer, the rest of the line is what is
typed. The comment before a block names what must be there. Days, times and city codes may differ.
"""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DEADLINE_S = 180.0
BLOCK = re.compile(r"(?:<!-- (?P<needs>[\w, ]+) -->\n)?```console\n(?P<text>.*?)```", re.DOTALL)
# What differs from run to run; each becomes a word of its own before two lines are compared.
VARYING = (
    (re.compile(r"\b[0-9A-Z]{4}( [0-9A-Z]{4}){3}\b"), "<code>"),
    (re.compile(r"\b\d{1,2} [A-Z][a-z]{2} \d{4}\b"), "<day>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<day>"),
    (re.compile(r"\b127\.0\.0\.1:\d+"), "<broker>"),
    (re.compile(r"\b\d\d[:.]\d\d\b"), "<time>"),
    (re.compile(r"\b\d+([.,]\d)? (s|dtk)\b"), "<seconds>"),
    (re.compile(r"\b\d+([.,]\d+)? (V|A|W|mm)\b"), "<value>"),
)
# How far a search is appears every few seconds, or not at all.
PROGRESS = re.compile(r"^  \d+ of \d+: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command and what it must show."""

    command: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One transcript: the fixtures it needs, and its steps in order."""

    needs: tuple[str, ...]
    steps: tuple[Step, ...]


def blocks(page: str) -> Iterator[Block]:
    """Every transcript of a page."""
    for match in BLOCK.finditer(page):
        needs = [need.strip() for need in (match["needs"] or "").split(",") if need.strip()]
        parts = re.split(r"^\$ ", match["text"], flags=re.MULTILINE)
        assert not parts[0].strip(), "a transcript begins with a command"
        steps = []
        for part in parts[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            steps.append(Step(command=command, shown=tuple(shown)))
        yield Block(needs=tuple(needs), steps=tuple(steps))


def alike(lines: tuple[str, ...]) -> list[str]:
    """The lines without what differs from run to run."""
    plain = []
    for line in lines:
        if PROGRESS.match(line):
            continue
        for pattern, word in VARYING:
            line = pattern.sub(word, line)  # noqa: PLW2901 one pattern after the other
        plain.append(line.rstrip())
    return plain


def play(step: Step, *, folder: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    """Runs the command on a terminal, types what the transcript types, and gives what appeared."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-c", step.command],
        cwd=folder,
        env=dict(env),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            shown = _talk(ours, step, time.monotonic() + DEADLINE_S)
        finally:
            os.close(ours)
            process.kill()
    return tuple(shown.replace("\r\n", "\n").rstrip("\n").split("\n"))


def _talk(terminal: int, step: Step, deadline: float) -> str:
    shown = ""
    with suppress(OSError):  # EIO once the program has ended
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            chunk = os.read(terminal, 4096)
            if not chunk:
                break
            shown += chunk.decode()
            while (answer := _answer(shown, step)) is not None:  # an echo may bring the next prompt
                os.write(terminal, answer.encode() + b"\n")
                shown += _echo(terminal)
    return shown


def _answer(shown: str, step: Step) -> str | None:
    """What the transcript types after the line that waits."""
    lines = shown.replace("\r\n", "\n").split("\n")
    *before, waiting = (line for line in lines if not PROGRESS.match(line))
    if not re.search(r"(: |\] )$", waiting) or len(before) >= len(step.shown):
        return None
    expected = step.shown[len(before)]
    return expected[len(waiting) :] if expected.startswith(waiting.rstrip()) else None


def _echo(terminal: int) -> str:
    """The terminal shows what was typed."""
    return os.read(terminal, 4096).decode() if select.select([terminal], [], [], 5)[0] else ""
