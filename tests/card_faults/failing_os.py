"""What a program asks of its card through Python's own modules fails when it is told to."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.card_faults.faults import Faults, Kind

CALLS: dict[str, Kind] = {
    "stat": "look",
    "statvfs": "look",
    "scandir": "look",
    "mkdir": "create",
    "rename": "create",
    "replace": "create",
    "unlink": "remove",
    "pwrite": "write",
    "posix_fallocate": "write",
    "fsync": "flush",
    "fdatasync": "flush",
}


@contextmanager
def failing(faults: Faults) -> Iterator[None]:
    """For as long as this lasts, the system's calls below meet these faults."""
    real: dict[str, Any] = {name: getattr(os, name) for name in CALLS}
    real_os_open, real_open = os.open, io.open

    def open_descriptor(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        _meet(faults, "create" if flags & os.O_CREAT else "look", path)
        return real_os_open(path, flags, *arguments, **named)

    def open_file(path: Any, mode: str = "r", buffering: int = -1, *text: Any, **named: Any) -> Any:
        _meet(faults, "look" if mode.startswith("r") else "create", path)
        return _file(_FailingFile(path, mode, faults), mode, buffering, *text, **named)

    for name, kind in CALLS.items():
        setattr(os, name, _guarded(real[name], kind, faults))
    setattr(os, "open", open_descriptor)  # noqa: B010 as the others
    setattr(io, "open", open_file)  # noqa: B010
    try:
        yield
    finally:
        setattr(os, "open", real_os_open)  # noqa: B010
        setattr(io, "open", real_open)  # noqa: B010
        for name in CALLS:
            setattr(os, name, real[name])


class _FailingFile(io.FileIO):
    """What a file object reads from and writes to, below its buffer."""

    def __init__(self, path: Any, mode: str, faults: Faults) -> None:
        super().__init__(path, mode.replace("b", "").replace("t", ""))
        self._faults = faults

    def write(self, data: Any) -> int:
        _meet(self._faults, "write", self.name)
        return super().write(data)

    def readinto(self, into: Any) -> int:
        _meet(self._faults, "read", self.name)
        return super().readinto(into)

    def readall(self) -> bytes:
        _meet(self._faults, "read", self.name)
        return super().readall()


def _file(raw: _FailingFile, mode: str, buffering: int, *text: Any, **named: Any) -> Any:
    """As `io.open` stacks its objects."""
    if buffering == 0:
        return raw
    buffered = io.BufferedReader if raw.readable() else io.BufferedWriter
    stacked: Any = (io.BufferedRandom if "+" in mode else buffered)(raw)
    return stacked if "b" in mode else io.TextIOWrapper(stacked, *text, **named)


def _guarded(call: Callable[..., Any], kind: Kind, faults: Faults) -> Callable[..., Any]:
    def guarded(*arguments: Any, **named: Any) -> Any:
        _meet(faults, kind, arguments[0] if arguments else None)
        return call(*arguments, **named)

    return guarded


def _meet(faults: Faults, kind: Kind, what: object) -> None:
    if error := faults.meet(kind):
        raise OSError(error, os.strerror(error), str(what))
