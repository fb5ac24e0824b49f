"""`nadi` on a terminal of its own, with a person who answers each question in turn."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DEADLINE_S = 120.0
WAITS = re.compile(r"(: |\] )$")
END_OF_INPUT = "\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat:
    """What stood on the terminal at the end, and the exit code."""

    shown: str
    code: int
    asked: int  # questions that were answered


def sat_down(
    words: Sequence[str], answers: Sequence[str], *, folder: Path, env: Mapping[str, str]
) -> Sat:
    """Types an answer at each question; the end of input where no answer is left."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "provisioning", *words],
        cwd=folder,
        env=dict(env),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            shown, asked = _talk(ours, list(answers))
            code = process.wait(DEADLINE_S)
        finally:
            process.kill()
            os.close(ours)
    return Sat(shown=shown.replace("\r\n", "\n"), code=code, asked=asked)


def _talk(terminal: int, answers: list[str]) -> tuple[str, int]:
    shown, seen, asked = "", 0, 0
    ends = time.monotonic() + DEADLINE_S
    with suppress(OSError):  # EIO once the program has ended
        while time.monotonic() < ends:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            shown += os.read(terminal, 4096).decode(errors="replace")
            if WAITS.search(shown[seen:]):
                asked += bool(answers)
                answer = answers.pop(0) if answers else END_OF_INPUT
                os.write(terminal, answer.encode() + (b"" if answer is END_OF_INPUT else b"\n"))
                seen = len(shown)
    return shown, asked
