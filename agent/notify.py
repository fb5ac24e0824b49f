"""Tells systemd that the agent is ready, alive and stopping, where it asks to be told."""

import asyncio
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Writes to NOTIFY_SOCKET; without one, says nothing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self.watchdog_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6 / 2

    def say(self, state: str) -> None:
        """One sd_notify message, such as READY=1."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            try:
                sender.sendto(state.encode(), self._address)
            except OSError:
                return  # systemd restarts what it does not hear, which is then right

    async def beat(self) -> None:
        """The watchdog's due, until cancelled; nothing if there is no watchdog."""
        while self.watchdog_s:
            self.say("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s)


def from_environment() -> Notifier:
    """The notifier systemd asked for."""
    return Notifier(os.environ)
