"""A Debian 12 machine with systemd of its own, in a container whose root is kept clean."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

BOOT_S = 180.0
COMMAND_S = 600.0
POLL_S = 0.2

# A container may neither filter addresses and devices (bpf) nor read the clock's state (@clock).
# These may, as a machine may; without CAP_SYS_TIME they still cannot set the clock.
# In a mount namespace of its own: a pure cgroup v2, as Debian 12 has it, whatever this machine has.
START = """
set -eu
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$GROUP"
echo $$ >"/sys/fs/cgroup/$GROUP/cgroup.procs"
cd "$FOLDER"
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=upper,workdir=work" root
exec systemd-nspawn --quiet --boot --directory=root --machine="$NAME" --register=no \\
    --keep-unit --network-namespace-path="/run/netns/$SPACE" --link-journal=no --resolv-conf=off \\
    --system-call-filter="bpf @clock" --console=pipe --bind-ro="$SHARED:/mnt/shared"
"""
STOP = """
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
find "/sys/fs/cgroup/$GROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true
"""


class Machine:
    """What it wrote stays when its power is cut; `shared` is /mnt/shared in it."""

    def __init__(self, name: str, *, lower: Path, folder: Path, shared: Path, space: str) -> None:
        self.name = name
        self._folder = folder
        self._environment = {
            **os.environ, "NAME": name, "GROUP": f"nadi-{os.getpid()}-{name}", "SPACE": space,
            "LOWER": str(lower), "FOLDER": str(folder), "SHARED": str(shared),
        }  # fmt: skip
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def start(self) -> None:
        """Power on; returns when it has booted."""
        with (self._folder / "console.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "bash", "-c", START],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.until(self._has_booted, within_s=BOOT_S)

    def cut_power(self) -> None:
        """Every process is gone at once."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._leader or self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._end()

    def reboot(self) -> None:
        """Shut down in order, and start again."""
        assert self._process
        self.run("systemctl", "poweroff", "--no-block")
        self._process.wait(BOOT_S)
        self._end()
        self.start()

    def run(self, *command: str, stdin: str = "", check: bool = True) -> str:
        """What `command` prints on the machine, as root."""
        done = subprocess.run(
            self.inside(*command), input=stdin, capture_output=True, text=True, check=False,
            timeout=COMMAND_S,
        )  # fmt: skip
        if check and done.returncode:
            said = f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
            raise AssertionError(f"{self.name}: {shlex.join(command)}: {done.returncode}: {said}")
        return done.stdout + done.stderr

    def succeeds(self, *command: str) -> bool:
        """Whether `command` ends with 0."""
        done = subprocess.run(
            self.inside(*command), stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=COMMAND_S,
        )  # fmt: skip
        return done.returncode == 0

    def write(self, path: str, text: str, *, owner: str = "root", mode: str = "644") -> None:
        """A file of the machine, its folder too."""
        self.run("mkdir", "-p", str(Path(path).parent))
        self.run("dd", f"of={path}", "status=none", stdin=text)
        self.run("chmod", mode, path)
        self.run("chown", owner, path)

    def inside(self, *command: str) -> list[str]:
        """The same command, from outside."""
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"]
        path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        clean = ["env", "-i", path, "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
        return ["nsenter", "--target", str(self._leader), *spaces, *clean, *command]

    def until(self, holds: Callable[[], bool], *, within_s: float = 120.0) -> None:
        """Wait for it; what the machine says is shown if it does not come."""
        until_s = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > until_s:
                raise AssertionError(f"{self.name}: not within {within_s:g} s\n{self._said()}")
            time.sleep(POLL_S)

    def _has_booted(self) -> bool:
        assert self._process
        if self._process.poll() is not None:
            raise AssertionError(f"{self.name} did not start\n{self._said()}")
        self._leader = _child_called("systemd", self._process.pid)
        if not self._leader:
            return False
        state = self.run("systemctl", "is-system-running", check=False).strip()
        return state in {"running", "degraded"}

    def _said(self) -> str:
        console = (self._folder / "console.log").read_text(errors="replace")[-2000:]
        if not self._leader:
            return console
        return console + self.run("journalctl", "--no-pager", "--lines=60", check=False)

    def _end(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait(BOOT_S)
        self._process, self._leader = None, 0
        subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "bash", "-c", STOP],
            env=self._environment, check=False, timeout=60,
        )  # fmt: skip


def _child_called(name: str, pid: int) -> int:
    """The child of `pid` that runs `name`, or 0."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        named = [
            int(one) for one in children if Path(f"/proc/{one}/comm").read_text() == f"{name}\n"
        ]
    except OSError:
        return 0
    return named[0] if named else 0
