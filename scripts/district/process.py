"""Programs that run beside us, each with its output in a file, and that never outlive us."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scripts.district.readiness import Readiness

POLL_S = 0.05
BOUND_S = 5.0

# The kernel's parent-death signal follows the thread that forked, so one thread that lives as long
# as we do starts every program.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


class ProgramError(Exception):
    """A program did not start, or not behave; the sentence names its log."""


class Program:
    """One child process in a session of its own; it can be killed and started again."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Output goes to `folder/NAME.out` and `folder/NAME.log`, appended at every start."""
        self.name = name
        self.out_file = folder / f"{name}.out"
        self.log_file = folder / f"{name}.log"
        self.starts = 0
        self.frozen = False
        self._command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        self._env = {**os.environ, **(env or {})}
        self._env.pop("NOTIFY_SOCKET", None)
        self._process: subprocess.Popen[bytes] | None = None
        self._out_before = 0

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id; raises ProgramError if it never started."""
        return self._started().pid

    @property
    def exit_code(self) -> int | None:
        """The exit code of the last run, negative for a signal; None while it runs."""
        return self._started().poll()

    def start(self) -> None:
        """Starts it; raises ProgramError if it already runs."""
        self._start({})

    def start_and_wait(self, *, deadline_s: float) -> None:
        """Starts a program that speaks sd_notify, and returns when it has said READY=1."""
        with Readiness() as readiness:
            self._start(readiness.environment)
            self.wait_until(readiness.ready, what="ready", deadline_s=deadline_s)

    def tell(self, line: str) -> None:
        """Writes one line to its standard input."""
        stdin = self._started().stdin
        assert stdin is not None
        stdin.write(line.encode() + b"\n")
        stdin.flush()

    def wait_until(self, ready: Callable[[], bool], *, what: str, deadline_s: float) -> None:
        """Returns once `ready()`; raises ProgramError if it ends or `deadline_s` passes first."""
        deadline = time.monotonic() + deadline_s
        while not ready():
            if not self.running:
                self.wait(deadline_s=1)
                raise ProgramError(f"{self.name} ended before {what}: {self._last_words()}")
            if time.monotonic() > deadline:
                raise ProgramError(
                    f"{self.name}: not {what} within {deadline_s:g} s: {self._last_words()}"
                )
            time.sleep(POLL_S)

    def ready_line(self, *, deadline_s: float) -> dict[str, Any]:
        """The JSON object that it prints first on standard output in this run."""
        self.wait_until(
            lambda: b"\n" in self._out(), what="printed its ready line", deadline_s=deadline_s
        )
        line = self._out().splitlines()[0]
        try:
            said = json.loads(line)
        except ValueError:
            raise ProgramError(f"{self.name} said {line[:200]!r}, which is not JSON") from None
        if not isinstance(said, dict):
            raise ProgramError(f"{self.name} said {line[:200]!r}, which is not an object")
        return said

    def kill(self) -> None:
        """SIGKILL, as a power cut does it; returns when it is gone."""
        self._signal(signal.SIGKILL)
        self.wait(deadline_s=10)

    def freeze(self) -> None:
        """SIGSTOP: it is there, its connections too, and it does nothing."""
        self._signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """SIGCONT: it goes on where it stopped."""
        self._signal(signal.SIGCONT)
        self.frozen = False

    def stop(self, *, deadline_s: float = 15) -> None:
        """SIGTERM, then SIGKILL if it is still there after `deadline_s`."""
        self.thaw()
        self._signal(signal.SIGTERM)
        try:
            self.wait(deadline_s=deadline_s)
        except ProgramError:
            self.kill()

    def wait(self, *, deadline_s: float) -> int:
        """Its exit code; raises ProgramError if it runs on after `deadline_s`."""
        process = self._started()
        try:
            code = process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"{self.name} still runs after {deadline_s:g} s") from None
        if process.stdin:
            _close(process.stdin.close)
        return code

    def _start(self, env: Mapping[str, str]) -> None:
        if self.running:
            raise ProgramError(f"{self.name} already runs as {self.pid}")
        self.frozen = False
        self._out_before = self.out_file.stat().st_size if self.out_file.exists() else 0
        with self.out_file.open("ab") as out, self.log_file.open("ab") as log:
            self._process = _SPAWNER.submit(
                subprocess.Popen,
                self._command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=log,
                env={**self._env, **env},
                start_new_session=True,
            ).result()
        self.starts += 1
        self._wait_until_bound()

    def _wait_until_bound(self) -> None:
        """Until setpriv has become the program: before that it could outlive us.

        Its command line is empty while it becomes either; its name would be the old one by then.
        """
        words = Path(f"/proc/{self.pid}/cmdline")
        until_s = time.monotonic() + BOUND_S
        while self.running and time.monotonic() < until_s:
            with contextlib.suppress(OSError):
                if words.read_bytes().partition(b"\0")[0] not in (b"", b"setpriv"):
                    return
            time.sleep(0.001)

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            os.killpg(self.pid, number)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ProgramError(f"{self.name} was never started")
        return self._process

    def _out(self) -> bytes:
        with self.out_file.open("rb") as out:
            out.seek(self._out_before)
            return out.read()

    def _last_words(self) -> str:
        lines = self.log_file.read_text(errors="replace").strip().splitlines()
        return f"{lines[-1] if lines else 'it said nothing'} (see {self.log_file})"


def python_program(
    name: str,
    module: str,
    *arguments: str,
    folder: Path,
    root: Path,
    env: Mapping[str, str] | None = None,
) -> Program:
    """`python -m MODULE ARGUMENTS` of this very interpreter, importing from `root`."""
    command = [sys.executable, "-m", module, *arguments]
    return Program(name, command, folder=folder, env={"PYTHONPATH": str(root), **(env or {})})


def _close(close: Callable[[], None]) -> None:
    try:
        close()
    except BrokenPipeError:  # it ended with a line for it still unread
        return
