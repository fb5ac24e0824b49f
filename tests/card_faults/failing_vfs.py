"""The unmodified sqlite3 module on real files, whose calls fail when they are told to.

SQLite's own VFS does the work (sqlite.org/vfs.html); an error becomes the code it would give.
"""

import ctypes
import ctypes.util
import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.card_faults.faults import Faults, Kind
from tests.power_cuts.sqlite_vfs import METHOD_FIELDS, VFS_FIELDS, Fields

OK, FULL, CANTOPEN = 0, 13, 14
READ, WRITE, FSYNC, TRUNCATE, FSTAT, DELETE, ACCESS, SHMMAP = (
    10 | detail << 8 for detail in (1, 3, 4, 6, 7, 10, 13, 21)
)
OPEN_READONLY, OPEN_READWRITE, OPEN_CREATE = 0x1, 0x2, 0x4
NAME = b"failing"

_P, _I = ctypes.c_void_p, ctypes.c_int
_SHARED: Fields = [
    ("shm_map", ctypes.CFUNCTYPE(_I, _P, _I, _I, _I, ctypes.POINTER(_P))),
    ("shm_lock", ctypes.CFUNCTYPE(_I, _P, _I, _I, _I)),
    ("shm_barrier", ctypes.CFUNCTYPE(None, _P)),
    ("shm_unmap", ctypes.CFUNCTYPE(_I, _P, _I)),
]
_BY_POINTER = {  # SQLite keeps the pointer to a name, so it must pass through as it is
    "open": ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, ctypes.POINTER(_I)),
    "delete": ctypes.CFUNCTYPE(_I, _P, _P, _I),
    "access": ctypes.CFUNCTYPE(_I, _P, _P, _I, ctypes.POINTER(_I)),
    "full_name": ctypes.CFUNCTYPE(_I, _P, _P, _I, _P),
}
_OWN_VFS: Fields = [(name, _BY_POINTER.get(name, kind)) for name, kind in VFS_FIELDS]


class _Methods(ctypes.Structure):
    """sqlite3_io_methods of version 2, with shared memory."""

    _fields_ = [*METHOD_FIELDS, *_SHARED]


class _Vfs(ctypes.Structure):
    """sqlite3_vfs of version 1; what is not ours is the system's."""

    _fields_ = _OWN_VFS


class _File(ctypes.Structure):
    """sqlite3_file; behind ours lies the system's."""

    _fields_ = [("methods", ctypes.POINTER(_Methods))]


_IN_USE: list["SqliteOnFailingCard"] = []  # a connection that nobody closed may call until the end
OWN_BYTES = ctypes.sizeof(_File)


class SqliteOnFailingCard:
    """Every file that sqlite3 opens meanwhile is on a card with these faults."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._methods = _Methods(version=2)
        for name, kind in [*METHOD_FIELDS[1:], *_SHARED]:
            setattr(self._methods, name, kind(self._method(name)))
        self._vfs = _Vfs()
        self._system: Any = None
        _IN_USE.append(self)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """For as long as this lasts, `sqlite3.connect` knows no other files."""
        library = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._system = library.sqlite3_vfs_find(None)
        self._fill(self._system.contents)
        assert library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) == OK
        try:
            yield
        finally:
            library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))
            library.sqlite3_vfs_register(self._system, 1)

    def _fill(self, system: _Vfs) -> None:
        own: dict[str, Any] = {
            "version": 1,
            "size_of_file": OWN_BYTES + system.size_of_file,
            "name": NAME,
            "open": self._open,
            "delete": self._delete,
            "access": self._access,
        }
        for name, kind in _OWN_VFS:
            if name in ("next", "data"):
                continue
            value = own.get(name, getattr(system, name))
            setattr(self._vfs, name, kind(value) if callable(value) else value)

    # sqlite3_vfs

    def _open(self, _: int, name: int, file: int, flags: int, told: Any) -> int:
        opened = ctypes.cast(file, ctypes.POINTER(_File)).contents
        opened.methods = ctypes.POINTER(_Methods)()
        failure = self._faults.meet("create" if flags & OPEN_CREATE else "look")
        if failure == errno.EROFS:  # SQLite then opens it for reading only
            flags = flags & ~(OPEN_READWRITE | OPEN_CREATE) | OPEN_READONLY
        elif failure:
            return CANTOPEN
        code = int(self._system.contents.open(self._system, name, file + OWN_BYTES, flags, told))
        if code == OK:
            opened.methods = ctypes.pointer(self._methods)
        return code

    def _delete(self, _: int, name: int, flush: int) -> int:
        if self._faults.meet("remove"):
            return DELETE
        return int(self._system.contents.delete(self._system, name, flush))

    def _access(self, _: int, name: int, flags: int, found: Any) -> int:
        if self._faults.meet("look"):
            return ACCESS
        return int(self._system.contents.access(self._system, name, flags, found))

    # sqlite3_io_methods

    def _method(self, name: str) -> Callable[..., Any]:
        kind, code = _CAN_FAIL.get(name, (None, OK))

        def call(file: int, *arguments: Any) -> Any:
            real = ctypes.cast(file + OWN_BYTES, ctypes.POINTER(_File)).contents.methods.contents
            if kind and (failure := self._faults.meet(kind)):
                if name == "write":  # a part of it may have reached the card
                    data, size, at = arguments
                    real.write(file + OWN_BYTES, data, size // 2, at)
                return FULL if failure == errno.ENOSPC and name == "write" else code
            return getattr(real, name)(file + OWN_BYTES, *arguments)

        return call


_CAN_FAIL: dict[str, tuple[Kind, int]] = {
    "read": ("read", READ),
    "write": ("write", WRITE),
    "truncate": ("write", TRUNCATE),
    "sync": ("flush", FSYNC),
    "file_size": ("look", FSTAT),
    "shm_map": ("look", SHMMAP),
}
