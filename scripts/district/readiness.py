"""A program that we start tells us when it is ready, as it would tell systemd (sd_notify(3))."""

import socket
from types import TracebackType
from typing import Self

MAX_DATAGRAM = 4096


class Readiness:
    """Listens on a socket of its own until the block ends; then the program talks to nobody."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind("")  # the kernel picks an abstract name, which needs no file
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    @property
    def environment(self) -> dict[str, str]:
        """What the program must find in its environment."""
        name: bytes = self._socket.getsockname()
        return {"NOTIFY_SOCKET": "@" + name[1:].decode()}

    def ready(self) -> bool:
        """Whether it has said READY=1."""
        while not self._ready:
            try:
                said = self._socket.recv(MAX_DATAGRAM)
            except BlockingIOError:
                break
            self._ready = b"READY=1" in said.splitlines()
        return self._ready
