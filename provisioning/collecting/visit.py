"""`nadi-agent export` as `nadi collect` hears it: line by line, to the end it names itself."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from contract.collecting import Collected, Fault, Progress, Said, Stopped
from provisioning.errors import Trouble
from provisioning.joining.agent_program import LOOK
from provisioning.language import passed_on

PROGRAM = "nadi-agent"
MAX_LINE = 8 << 20
CODES: dict[Fault, str] = {
    "full": "E-COLLECT-01",
    "read-only": "E-COLLECT-02",
    "gone": "E-COLLECT-03",
    "other-city": "E-COLLECT-04",
    "own-card": "E-COLLECT-05",
    "no-stick": "E-COLLECT-06",
    "gateway": "E-COLLECT-07",
    "denied": "E-FILE-01",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the technician wants copied, and where to."""

    folder: Path
    settings: Path
    any_folder: bool
    card: Path | None = None  # of another gateway, where it is mounted

    def line(self, program: str) -> list[str]:
        """How nadi-agent is told."""
        more = ["--any"] if self.any_folder else []
        more += ["--card", str(self.card)] if self.card else []
        return [program, "export", str(self.folder), "--settings", str(self.settings), *more,
                "--json"]  # fmt: skip


def collect(
    wish: Wish, environ: Mapping[str, str], progress: Callable[[Progress], None]
) -> Collected:
    """What is on the stick now; raises Trouble, and then whatever was whole on it stays."""
    program = shutil.which(PROGRAM, path=environ.get("PATH"))
    if program is None:
        raise Trouble("E-AGENT-03")
    with subprocess.Popen(
        wish.line(program),
        env=passed_on(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            for said in _heard(process):
                if said.progress is not None:
                    progress(said.progress)
                if said.collected is not None:
                    return said.collected
                if said.stopped is not None:
                    raise _trouble(said.stopped, wish)
            raise _silent(process)
        except BaseException:
            process.terminate()
            raise


def _heard(process: "subprocess.Popen[str]") -> Iterator[Said]:
    assert process.stdout is not None
    while line := process.stdout.readline(MAX_LINE):
        try:
            yield Said.model_validate_json(line)
        except ValidationError:
            raise Trouble("E-COLLECT-07", what=line.strip()[:200], fix=LOOK) from None


def _trouble(stopped: Stopped, wish: Wish) -> Trouble:
    code = CODES[stopped.fault]
    if code == "E-FILE-01":
        return Trouble(code, path=str(wish.folder))
    if code == "E-COLLECT-07":
        return Trouble(code, what=stopped.what, fix=stopped.hint or LOOK)
    return Trouble(code, folder=str(wish.folder), copied=stopped.copied, left=stopped.left)


def _silent(process: "subprocess.Popen[str]") -> Trouble:
    """It ended before it could say anything in its own way: wrong settings, or an old version."""
    assert process.stderr is not None
    lines = [line.strip() for line in process.stderr.read(MAX_LINE).splitlines()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    hints = [line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")]
    what = errors[0] if errors else f"exit {process.wait()}"
    return Trouble("E-COLLECT-07", what=what, fix=hints[0] if hints else LOOK)
