"""A program beside us can be killed, started again and waited for, and does not outlive us."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.district.process import Program, ProgramError

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
READY = 'import json; print(json.dumps({"ready": True}), flush=True); input()'


def program(folder: Path, code: str) -> Program:
    return Program("child", [sys.executable, "-c", code], folder=folder)


def test_a_program_says_when_it_is_ready_and_hears_a_line(tmp_path: Path) -> None:
    child = program(tmp_path, READY)
    child.start()
    assert child.ready_line(deadline_s=10) == {"ready": True}
    child.tell("go")
    assert child.wait(deadline_s=10) == 0


def test_a_killed_program_starts_again_and_is_ready_again(tmp_path: Path) -> None:
    child = program(tmp_path, READY)
    for starts in (1, 2):
        child.start()
        assert child.ready_line(deadline_s=10) == {"ready": True}
        child.kill()
        assert child.exit_code == -signal.SIGKILL
        assert child.starts == starts


def test_a_frozen_program_says_nothing_until_it_goes_on(tmp_path: Path) -> None:
    child = program(tmp_path, READY)
    child.start()
    child.ready_line(deadline_s=10)
    child.freeze()
    child.tell("go")
    with pytest.raises(ProgramError, match="still runs"):
        child.wait(deadline_s=0.2)
    assert child.frozen
    child.thaw()
    assert child.wait(deadline_s=10) == 0


def test_a_program_that_ends_too_early_is_named_with_its_last_words(tmp_path: Path) -> None:
    child = program(tmp_path, "raise SystemExit('no such port')")
    child.start()
    with pytest.raises(ProgramError, match=r"child ended before .*: no such port"):
        child.ready_line(deadline_s=10)


def test_a_program_that_ignores_a_stop_is_killed(tmp_path: Path) -> None:
    ignoring = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    child = program(tmp_path, ignoring + READY)
    child.start()
    child.ready_line(deadline_s=10)
    child.stop(deadline_s=0.2)
    assert child.exit_code == -signal.SIGKILL


def test_a_program_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from scripts.district.process import Program
child = Program("child", ["sleep", "600"], folder=Path({str(tmp_path)!r}))
child.start()
print(child.pid, flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    assert _ends(child, timeout_s=10)


def _ends(pidfd: int, *, timeout_s: float) -> bool:
    """Whether the process behind `pidfd`, which becomes readable at its end, ends in time."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(timeout_s * 1000))
    finally:
        os.close(pidfd)
