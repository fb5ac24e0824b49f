"""JSON lines on a file descriptor break a device in a named way, and mend it."""

import asyncio
import json
import os
from collections.abc import Callable
from typing import Protocol

from firmware_sim.errors import ControlError

MAX_LINE = 4096
HINT = 'write {"fault":"silent","asset":"PJU-0003"} or {"mend":"silent","asset":"PJU-0003"}'


class Breakable(Protocol):
    """What control lines act on."""

    def fault(self, asset: str, name: str) -> None:
        """Breaks `asset` so; raises ControlError for a stranger or another's fault."""

    def mend(self, asset: str, name: str) -> None:
        """Ends that; raises ControlError for a stranger or another's fault."""


def obey(line: str, district: Breakable) -> None:
    """Does what one line says; raises ControlError when it says nothing that can be done."""
    try:
        command = json.loads(line)
    except ValueError as error:
        raise ControlError(f"not JSON: {line!r}", hint=HINT) from error
    match command:
        case {"fault": str(name), "asset": str(asset), **rest} if not rest:
            district.fault(asset, name)
        case {"mend": str(name), "asset": str(asset), **rest} if not rest:
            district.mend(asset, name)
        case _:
            raise ControlError(f"no command: {line!r}", hint=HINT)


class ControlLines:
    """Reads commands from `fd` whenever there are some, until its end; never waits."""

    def __init__(
        self, fd: int, district: Breakable, *, complain: Callable[[ControlError], None]
    ) -> None:
        self._fd = fd
        self._district = district
        self._complain = complain
        self._heard = b""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listens on `loop`."""
        try:
            loop.add_reader(self._fd, self._read, loop)
        except PermissionError:  # epoll refuses plain files and /dev/null, which never block
            while self._hear():
                pass
        except (OSError, ValueError):  # standard input is closed
            return

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._hear():
            loop.remove_reader(self._fd)

    def _hear(self) -> bool:
        try:
            data = os.read(self._fd, MAX_LINE)
        except OSError:  # the terminal went away
            return False
        *lines, self._heard = (self._heard + data).split(b"\n")
        if len(self._heard) > MAX_LINE:
            lines, self._heard = [*lines, self._heard[:80]], b""
        for line in lines:
            self._obey(line.decode(errors="replace").strip())
        return bool(data)

    def _obey(self, line: str) -> None:
        if not line:
            return
        try:
            obey(line, self._district)
        except ControlError as error:
            self._complain(error)
