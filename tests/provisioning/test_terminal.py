"""What is shown fits a small screen, is never shortened, and is plain where it must be."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest

from provisioning.terminal import Sign, Terminal
from tests.provisioning.conftest import Nadi, environment

LONG = "the gateway [gw-01] at Jl. Sudirman 14 has 1,204 readings waiting and [red]no[/red] network"


def terminal(width: int) -> tuple[Terminal, StringIO]:
    out = StringIO()
    shown = Terminal(out=out, err=out, source=StringIO(), width=width, colour=False)
    return shown, out


@pytest.mark.parametrize("width", [40, 60])
def test_point_23_a_report_fits_and_keeps_brackets(width: int) -> None:
    shown, out = terminal(width)
    shown.step(Sign.FAIL, LONG, code="E-BUS-03")
    shown.say(LONG)
    assert all(len(line) <= width for line in out.getvalue().splitlines())
    said = " ".join(out.getvalue().split())
    assert said == f"FAIL {LONG} E-BUS-03 {LONG}"


@pytest.mark.parametrize("width", [40, 60])
def test_point_23_a_table_becomes_blocks_where_it_does_not_fit(width: int) -> None:
    shown, out = terminal(width)
    name = "gw-jl-sudirman-14-utara-pertigaan"
    shown.table(["gateway", "state", "note"], [[name, "buffering", LONG]])
    assert name in out.getvalue()
    assert all(len(line) <= width for line in out.getvalue().splitlines())


def test_point_23_a_command_is_never_broken() -> None:
    shown, out = terminal(40)
    line = "nadi gateway enrol --bundle /media/usb/bundles/bb-0042.toml"
    shown.command("Next:", line)
    assert out.getvalue() == f"Next:\n  {line}\n"


@pytest.mark.parametrize(
    "env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"FORCE_COLOR": "1"}], ids=str
)
def test_point_24_a_pipe_gets_no_escape(nadi_process: Nadi, env: dict[str, str]) -> None:
    for line in (("authority", "init", "--help"), ("foo",)):
        ended = nadi_process(*line, env=env)
        assert "\x1b" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({"TERM": "xterm"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["xterm", "NO_COLOR", "dumb"],
)
def test_point_24_colour_is_for_terminals_that_want_it(
    tmp_path: Path, env: dict[str, str], coloured: bool
) -> None:
    shown = _on_a_terminal(["authority", "status"], tmp_path, {"TERM": "xterm", **env})
    assert (b"\x1b" in shown) is coloured
    assert b"no authority" in shown


def test_a_report_that_nobody_reads_to_its_end_is_no_fault(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            "sh",
            "-c",
            f"{sys.executable} -m provisioning --help | head -n 1; exit ${{PIPESTATUS:-0}}",
        ],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr


def _on_a_terminal(arguments: list[str], folder: Path, env: dict[str, str]) -> bytes:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "provisioning", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(folder, env),
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # EIO once the other side is closed
            while chunk := os.read(ours, 4096):
                shown += chunk
        os.close(ours)
        process.wait(60)
    return shown
