"""`nadi-agent` as `nadi` meets it: a program with a command line and one JSON document."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from contract.check_report import CheckReport, Finding
from contract.discovery import LineReport, NetworkReport, Written
from contract.live import LiveReading
from provisioning.errors import Trouble
from provisioning.language import mark, passed_on

PROGRAM = "nadi-agent"
SEARCH_S, ANSWER_S = 900.0, 180.0
MAX_SAID = 16 << 20
LOOK = mark("look with nadi-agent check")

AnyReport = LineReport | NetworkReport
Progress = Callable[[str], None]
_REPORTS: TypeAdapter[AnyReport] = TypeAdapter(
    Annotated[LineReport | NetworkReport, Field(discriminator="search")]
)
_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A serial port, or a network, on which devices are looked for."""

    name: str
    network: bool

    @property
    def options(self) -> list[str]:
        """How nadi-agent is told."""
        return ["--network" if self.network else "--line", self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How one run of the program ended."""

    code: int
    out: str
    err: tuple[str, ...]


class AgentProgram:
    """Every answer is a model of the contract; whatever else it says is a Trouble."""

    def __init__(self, environ: Mapping[str, str], *, progress: Progress) -> None:
        self._environ = environ
        self._progress = progress

    def discover(self, target: Target, settings: Path, more: Sequence[str]) -> AnyReport:
        """What is on a line or a network; nothing is an answer too."""
        said = self._run(
            ["discover", *target.options, "--settings", str(settings), *more, "--json"], SEARCH_S
        )
        return self._report(said)

    def write(
        self, report: AnyReport, names: Mapping[str, str], settings: Path, more: Sequence[str]
    ) -> Written:
        """Adds what of a report has a name to the settings file."""
        kept = settings.with_name("found.json")
        kept.write_text(report.model_dump_json(by_alias=True), encoding="utf-8")
        assets = [
            word for place, asset in names.items() for word in ("--asset", f"{place}={asset}")
        ]
        line = ["discover", "--found", str(kept), "--write", str(settings), "--named-only"]
        written = self._report(self._run([*line, *assets, *more, "--json"], ANSWER_S)).written
        assert written is not None, "--write always says what it wrote"
        return written

    def read(self, asset: str, settings: Path) -> LiveReading | str:
        """One live reading, or why there is none."""
        said = self._run(["read", asset, "--settings", str(settings), "--json"], ANSWER_S)
        if not said.out:
            return _words(said)[0]
        return _understood(LiveReading, said.out)

    def check(self, settings: Path) -> list[Finding]:
        """What a gateway with these settings lacks."""
        said = self._run(["check", "--settings", str(settings), "--json"], ANSWER_S)
        if not said.out:
            raise _refused(said)
        return list(_understood(CheckReport, said.out).findings)

    def _report(self, said: Said) -> AnyReport:
        if not said.out:
            raise _refused(said)
        try:
            return _REPORTS.validate_json(said.out)
        except ValidationError:
            raise _other_version() from None

    def _run(self, arguments: Sequence[str], limit_s: float) -> Said:
        program = shutil.which(PROGRAM, path=self._environ.get("PATH", os.defpath))
        if program is None:
            raise Trouble("E-AGENT-03")
        with subprocess.Popen(
            [program, *arguments],
            env=passed_on(self._environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process:
            return self._heard(process, limit_s)

    def _heard(self, process: "subprocess.Popen[str]", limit_s: float) -> Said:
        """Progress is passed on while it comes; a program that hangs is ended."""
        assert process.stdout is not None
        assert process.stderr is not None
        complaints: list[str] = []
        relay = threading.Thread(target=self._relay, args=(process.stderr, complaints))
        alarm = threading.Timer(limit_s, process.kill)
        relay.start()
        alarm.start()
        try:
            out = process.stdout.read(MAX_SAID)
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            alarm.cancel()
            relay.join()
        return Said(code=code, out=out.strip(), err=tuple(complaints))

    def _relay(self, source: IO[str], complaints: list[str]) -> None:
        for line in source:
            words = line.strip()
            if words.startswith(("error:", "hint:")):
                complaints.append(words)
            elif words:
                self._progress(words)


def _understood(model: type[_M], text: str) -> _M:
    try:
        return model.model_validate_json(text)
    except ValidationError:
        raise _other_version() from None


def _other_version() -> Trouble:
    return Trouble("E-AGENT-02", what=mark("it is of another version."), fix=mark("update both"))


def _refused(said: Said) -> Trouble:
    what, fix = _words(said)
    return Trouble("E-AGENT-02", what=what, fix=fix)


def _words(said: Said) -> tuple[str, str]:
    """What it complained of, and what it says to do."""
    errors = [one.removeprefix("error: ") for one in said.err if one.startswith("error:")]
    hints = [one.removeprefix("hint: ") for one in said.err if one.startswith("hint:")]
    what = errors[0] if errors else f"exit {said.code}"
    return what, hints[0] if hints else LOOK
