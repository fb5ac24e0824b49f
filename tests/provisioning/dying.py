"""`python -m tests.provisioning.dying N WORDS…`: `nadi WORDS`, which dies before its N-th step.

A step is whatever others can see: a file that appears or goes, a program, a connection.
"""

import os
import signal
import sys

from provisioning.__main__ import main

STEPS = (
    "os.rename",
    "os.symlink",
    "os.link",
    "os.mkdir",
    "os.remove",
    "subprocess.Popen",
    "socket.connect",
)


def die_before(step: int) -> None:
    """SIGKILL, as a power cut does it."""
    seen = 0

    def hook(event: str, _: tuple[object, ...]) -> None:
        nonlocal seen
        if event in STEPS:
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    die_before(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
