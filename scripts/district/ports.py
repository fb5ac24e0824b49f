"""Loopback ports that stay free between a kill and the restart on the same port."""

import socket
from pathlib import Path
from random import Random

EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 15_000
TRIES = 1_000


def free_port(random: Random) -> int:
    """A free TCP port below the range from which the kernel serves outgoing connections."""
    highest = int(EPHEMERAL_RANGE.read_text().split()[0]) - 1
    for _ in range(TRIES):
        port = random.randint(LOWEST, max(LOWEST, highest))
        if _is_free(port):
            return port
    raise OSError(f"no free loopback port from {LOWEST} to {highest}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
