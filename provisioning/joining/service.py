"""The agent is started now and at every boot."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from provisioning.errors import Trouble

UNIT = "nadi-agent"
BOOTED = Path("/run/systemd/system")
LIMIT_S = 120.0

Run = Callable[[Sequence[str]], None]


def commands(start: Sequence[str], *, changed: bool) -> list[list[str]]:
    """What is to be run: what a person named, or systemctl where systemd runs; else nothing."""
    if start:
        return [list(start)]
    if not BOOTED.is_dir() or os.geteuid() != 0:
        return []
    enable = ["systemctl", "enable", "--now", UNIT]
    return [enable, ["systemctl", "restart", UNIT]] if changed else [enable]


def run(command: Sequence[str]) -> None:
    """Raises Trouble in the program's words."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble("E-ENROL-05", command=" ".join(command), why=str(error)) from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
        raise Trouble("E-ENROL-05", command=" ".join(command), why=said[0])
