"""The agent is started now and at every boot."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from provisioning.errors import Trouble

UNIT, TIMER = "nadi-agent", "nadi-renewal.timer"
TIMER_FILE = Path("/lib/systemd/system") / TIMER
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


def restart(start: Sequence[str]) -> list[str]:
    """The same for an agent that is to read its certificate anew, if it runs."""
    if start:
        return list(start)
    if not BOOTED.is_dir() or os.geteuid() != 0:
        return []
    return ["systemctl", "try-restart", UNIT]


def renewing(start: Sequence[str]) -> list[list[str]]:
    """What has the certificate renew itself, where systemd and our package are."""
    if start or not TIMER_FILE.is_file():
        return []
    return [["systemctl", "enable", "--now", TIMER]]


def run(command: Sequence[str], *, code: str = "E-ENROL-05") -> None:
    """Raises the Trouble `code` in the program's words."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble(code, command=" ".join(command), why=str(error)) from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
        raise Trouble(code, command=" ".join(command), why=said[0])
