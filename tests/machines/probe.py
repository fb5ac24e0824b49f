"""Runs inside a unit's sandbox, tries what a program could do, and prints what came of it."""

import ctypes
import json
import mmap
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_TRACEME, CLONE_NEWUSER, CLONE_NEWNET, MS_BIND = 0, 0x1000_0000, 0x4000_0000, 4096
ADJ_SETOFFSET = 0x0100
TIMEX_BYTES = 208
OUTSIDE = ("203.0.113.7", 9)  # RFC 5737: nobody's


def call(name: str, *words: object) -> None:
    """A call of libc; raises OSError as Python would."""
    if getattr(LIBC, name)(*words) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def send_to(address: tuple[str, int]) -> None:
    """One datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"probe", address)


def adjtimex(modes: int) -> None:
    """The kernel's clock state; with modes, changes it."""
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    ctypes.c_uint.from_buffer(timex).value = modes
    call("adjtimex", timex)


def be_traced() -> None:
    """A child asks for it; its exit code is the error's."""
    if not (child := os.fork()):
        os._exit(0 if LIBC.ptrace(PTRACE_TRACEME, 0, None, None) == 0 else ctypes.get_errno())
    if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise OSError(code, os.strerror(code))


def write(path: str) -> None:
    """A new file there."""
    Path(path).write_text("probe")


PROBES: dict[str, Callable[[], object]] = {
    "write its state": lambda: write(f"{os.environ['STATE_DIRECTORY']}/probe"),
    "read its key": lambda: Path(os.environ["CREDENTIALS_DIRECTORY"], sys.argv[1]).read_bytes(),
    "read the clock's state": lambda: adjtimex(0),
    "reach a private network": lambda: send_to(("10.77.0.1", 9)),
    "reach the Internet": lambda: send_to(OUTSIDE),
    "open a serial port": lambda: os.close(os.open("/dev/ttyS0", os.O_RDWR | os.O_NONBLOCK)),
    "open another device": lambda: os.close(os.open("/dev/loop-maker", os.O_RDONLY)),
    "write /usr": lambda: write("/usr/probe"),
    "write /etc": lambda: write("/etc/probe"),
    "write /opt": lambda: write("/opt/probe"),
    "write another's state": lambda: write("/var/lib/dpkg/probe"),
    "read root's copy of its key": lambda: Path("/etc/nadi", sys.argv[1]).read_bytes(),
    "see other processes": lambda: Path("/proc/1/cmdline").read_bytes(),
    "see homes": lambda: list(Path("/root").iterdir()),
    "tune the kernel": lambda: write("/proc/sys/kernel/panic"),
    "set the clock": lambda: call("settimeofday", ctypes.create_string_buffer(16), None),
    "step the clock": lambda: adjtimex(ADJ_SETOFFSET),
    "trace a process": be_traced,
    "mount": lambda: call("mount", b"/etc", b"/tmp", None, MS_BIND, None),
    "make a user namespace": lambda: call("unshare", CLONE_NEWUSER),
    "make a network namespace": lambda: call("unshare", CLONE_NEWNET),
    "become root": lambda: os.setuid(0),
    "give a file away": lambda: os.chown(f"{os.environ['STATE_DIRECTORY']}/probe", 0, 0),
    "make a device": lambda: os.mknod(f"{os.environ['STATE_DIRECTORY']}/null", 0o20666, 0x103),
    "set the host's name": lambda: socket.sethostname("probe"),
    "change its priority": lambda: os.nice(-5),
    "talk to the kernel": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "listen to the wire": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "talk to the hypervisor": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close(),
    "run what it wrote": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ).close(),
    "load a module": lambda: call("syscall", 175, None, 0, b""),
}  # fmt: skip


def attempt(probe: Callable[[], object]) -> str:
    """`done`, or the error in words; in a process of its own, which the attempt may change."""
    if not (child := os.fork()):
        try:
            probe()
        except OSError as error:
            os._exit(error.errno or 255)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return os.strerror(code) if code > 0 else f"killed by signal {-code}" if code else "done"


if __name__ == "__main__":
    print(json.dumps({name: attempt(probe) for name, probe in PROBES.items()}))
