"""A network of its own between machines, whose cables can be cut."""

import os
import subprocess
from itertools import count

_NUMBERS = count(1)


class Wire:
    """One switch; each machine has a network namespace with one cable to it."""

    def __init__(self) -> None:
        self._prefix = f"nadi-{os.getpid()}-{next(_NUMBERS)}"
        self._spaces: list[str] = []
        self._switch = self._space("switch")
        ip("-n", self._switch, "link", "add", "bridge", "type", "bridge")
        ip("-n", self._switch, "link", "set", "bridge", "up")

    def join(self, name: str, address: str) -> str:
        """A network namespace with this address; returns its name."""
        space, cable = self._space(name), name[:15]
        ip("link", "add", "eth0", "netns", space, "type", "veth", "peer", "name", cable,
           "netns", self._switch)  # fmt: skip
        ip("-n", self._switch, "link", "set", "dev", cable, "master", "bridge")
        ip("-n", self._switch, "link", "set", "dev", cable, "up")
        ip("-n", space, "address", "add", f"{address}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            ip("-n", space, "link", "set", link, "up")
        return space

    def cut(self, name: str) -> None:
        """Nothing passes."""
        ip("-n", self._switch, "link", "set", "dev", name[:15], "down")

    def mend(self, name: str) -> None:
        """Everything passes again."""
        ip("-n", self._switch, "link", "set", "dev", name[:15], "up")

    def remove(self) -> None:
        """The namespaces go, and all cables with them."""
        for space in self._spaces:
            ip("netns", "delete", space)

    def _space(self, name: str) -> str:
        space = f"{self._prefix}-{name}"
        ip("netns", "add", space)
        self._spaces.append(space)
        return space


def ip(*words: str) -> None:
    """iproute2's ip."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=30)
