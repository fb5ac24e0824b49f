"""An arm64 Debian 12 whose programs run through qemu, with this machine's network and kernel."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND_S = 900.0
STOP_S = 60.0
# Every command has the root for itself, in a mount namespace of its own; what it wrote stays.
ENTER = """
set -eu
cd "$FOLDER"
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=upper,workdir=work" root
mount --rbind /dev root/dev
mount --rbind /sys root/sys
mount -t proc proc root/proc
mkdir -p root/mnt/shared
mount --bind "$SHARED" root/mnt/shared
exec chroot root "$@"
"""


class Emulated:
    """One root, one command at a time."""

    def __init__(self, *, lower: Path, folder: Path, shared: Path) -> None:
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root",
            "DEBIAN_FRONTEND": "noninteractive",
            "LOWER": str(lower), "FOLDER": str(folder), "SHARED": str(shared),
        }  # fmt: skip

    def run(self, *command: str) -> str:
        """What `command` prints."""
        done = subprocess.run(
            self._inside(*command), env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=COMMAND_S,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}"
        return done.stdout

    @contextmanager
    def running(self, *command: str, log: Path) -> Iterator[None]:
        """`command` runs until the block ends; then it is asked to stop."""
        with log.open("wb") as said:
            process = subprocess.Popen(
                self._inside(*command), env=self._environment, stdin=subprocess.DEVNULL,
                stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_S)

    def _inside(self, *command: str) -> list[str]:
        unshared = ["unshare", "--mount", "--propagation", "private"]
        return [*unshared, "bash", "-c", ENTER, "bash", *command]
