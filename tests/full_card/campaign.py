"""Many full cards, each named by its seed, each a file system of 16 MB of its own."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.campaigns.broken_build import ROOT
from tests.campaigns.seeds import Broken
from tests.full_card.trial import CARD_KB, KILLS

CHUNK = 1
LONGEST_S = 300
NO_WAY = "no file system can be mounted here: neither a user namespace nor root's right to mount"
# Without root in a namespace where one is root; as root without it.
WAYS: Sequence[Sequence[str]] = (("unshare", "-Urm"), ("unshare", "-m"))
MOUNT = 'mount -t tmpfs -o size={size}k none "$1" && shift && exec "$@"'


@cache
def way_to_mount() -> tuple[str, ...]:
    """The command that gives another a mount namespace, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            tried = subprocess.run(
                [*way, *_mounted(Path(folder), "true")], capture_output=True, check=False
            )
            if tried.returncode == 0:
                return tuple(way)
    return ()


def run_seeds(seeds: range) -> Iterator[Broken]:
    """The broken ones."""
    for seed in seeds:
        if words := what_breaks(seed):
            yield Broken(seed=seed, words=words, replay=f"python -m tests.full_card {seed}")


def what_breaks(seed: int, *, kills: int = KILLS) -> str:
    """In words, or nothing."""
    if not way_to_mount():
        return NO_WAY
    with tempfile.TemporaryDirectory(prefix="nadi-full-card-") as folder:
        inside = (sys.executable, "-m", "tests.full_card", str(seed), "--on", folder)
        command = [*way_to_mount(), *_mounted(Path(folder), *inside, "--kills", str(kills))]
        try:
            said = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LONGEST_S
            )
        except subprocess.TimeoutExpired:
            return f"no end after {LONGEST_S} s"
    if said.returncode == 0:
        return ""
    _, broken, words = said.stdout.rpartition("broken: ")
    return words.strip() if broken else f"{said.stdout} {said.stderr}".strip()[-500:]


def _mounted(folder: Path, *command: str) -> list[str]:
    """That command, with a small file system on `folder` that goes with it."""
    return ["sh", "-c", MOUNT.format(size=CARD_KB), "sh", str(folder), *command]
