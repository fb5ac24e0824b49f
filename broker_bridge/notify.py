"""systemd knows when the bridge is ready, alive and stopping, if it started us."""

import socket


class Notify:
    """Writes to the socket in NOTIFY_SOCKET; does nothing where there is none (sd_notify(3))."""

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address[0] == "@" else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None

    def ready(self) -> None:
        """The bridge runs."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line that `systemctl status` shows."""
        self._send(f"STATUS={text}")

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The bridge ends in good order."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._socket is None or self._address is None:
            return
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError:  # the watchdog is systemd's to judge; a lost line must not stop the ingest
            return
