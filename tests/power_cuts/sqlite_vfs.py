"""The unmodified sqlite3 module on a VolatileDisk, by SQLite's own VFS (sqlite.org/vfs.html)."""

import ctypes
import ctypes.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from tests.power_cuts.volatile_disk import File, PowerCut, Truncate, VolatileDisk, Write

OK, IOERR, NOTFOUND, CANTOPEN = 0, 10, 12, 14
SHORT_READ = IOERR | 2 << 8
OPEN_CREATE, OPEN_DELETE_ON_CLOSE = 0x4, 0x8
OPEN_MAIN_JOURNAL, OPEN_WAL = 0x800, 0x80000
POWERSAFE_OVERWRITE = 0x1000
NAME = b"volatile"
LONGEST_NAME = 512

_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64


Fields = list[tuple[str, Any]]
METHOD_FIELDS: Fields = [
    ("version", _I),
    ("close", ctypes.CFUNCTYPE(_I, _P)),
    ("read", ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)),
    ("write", ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)),
    ("truncate", ctypes.CFUNCTYPE(_I, _P, _L)),
    ("sync", ctypes.CFUNCTYPE(_I, _P, _I)),
    ("file_size", ctypes.CFUNCTYPE(_I, _P, ctypes.POINTER(_L))),
    ("lock", ctypes.CFUNCTYPE(_I, _P, _I)),
    ("unlock", ctypes.CFUNCTYPE(_I, _P, _I)),
    ("check_reserved_lock", ctypes.CFUNCTYPE(_I, _P, ctypes.POINTER(_I))),
    ("file_control", ctypes.CFUNCTYPE(_I, _P, _I, _P)),
    ("sector_size", ctypes.CFUNCTYPE(_I, _P)),
    ("device_characteristics", ctypes.CFUNCTYPE(_I, _P)),
]
VFS_FIELDS: Fields = [
    ("version", _I),
    ("size_of_file", _I),
    ("longest_name", _I),
    ("next", _P),
    ("name", ctypes.c_char_p),
    ("data", _P),
    ("open", ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _P, _I, ctypes.POINTER(_I))),
    ("delete", ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _I)),
    ("access", ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _I, ctypes.POINTER(_I))),
    ("full_name", ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _I, _P)),
    *((name, _P) for name in ("dl_open", "dl_error", "dl_sym", "dl_close")),
    *((name, _P) for name in ("randomness", "sleep", "current_time", "last_error")),
]


class Methods(ctypes.Structure):
    """sqlite3_io_methods of version 1: no shared memory, so WAL only with an exclusive lock."""

    _fields_ = METHOD_FIELDS


class _OpenFile(ctypes.Structure):
    """sqlite3_file and, behind it, which of ours it is."""

    _fields_ = [("methods", ctypes.POINTER(Methods)), ("number", _L)]


class Vfs(ctypes.Structure):
    """sqlite3_vfs of version 1; what is not ours is the system's."""

    _fields_ = VFS_FIELDS


class SqliteOnVolatileDisk:
    """Every database that is opened lies on `disk`, whichever that is just then."""

    def __init__(self) -> None:
        self.disk = VolatileDisk()
        self._files: dict[int, tuple[VolatileDisk, str, File, bool]] = {}
        self._numbers = count(1)
        self._methods = self._make_methods()
        self._vfs = Vfs()

    @contextmanager
    def in_use(self) -> Iterator["SqliteOnVolatileDisk"]:
        """For as long as this lasts; `sqlite3.connect` knows no other disk meanwhile."""
        library = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
        library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
        system = library.sqlite3_vfs_find(None)
        self._fill(system.contents)
        assert library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) == OK
        try:
            yield self
        finally:
            library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))
            library.sqlite3_vfs_register(system, 1)

    def _fill(self, system: Vfs) -> None:
        own: dict[str, Any] = {
            "version": 1,
            "size_of_file": ctypes.sizeof(_OpenFile),
            "longest_name": LONGEST_NAME,
            "name": NAME,
            "open": self._open,
            "delete": self._delete,
            "access": self._access,
            "full_name": self._full_name,
        }
        for name, kind in VFS_FIELDS:
            if name in ("next", "data"):
                continue
            value = own.get(name, getattr(system, name))
            setattr(self._vfs, name, kind(value) if callable(value) else value)

    def _make_methods(self) -> Methods:
        calls: dict[str, Callable[..., int]] = {
            "close": self._close,
            "read": self._read,
            "write": self._write,
            "truncate": self._truncate,
            "sync": self._sync,
            "file_size": self._file_size,
            "lock": lambda *_: OK,
            "unlock": lambda *_: OK,
            "check_reserved_lock": self._is_reserved,
            "file_control": lambda *_: NOTFOUND,
            "sector_size": lambda *_: 4_096,
            "device_characteristics": lambda *_: POWERSAFE_OVERWRITE,
        }
        methods = Methods(version=1)
        for name, kind in METHOD_FIELDS[1:]:
            setattr(methods, name, kind(calls[name]))
        return methods

    # sqlite3_vfs

    def _open(self, _: int, name: bytes | None, file: int, flags: int, told: Any) -> int:
        shown = (name or b"").decode() or f"temporary-{next(self._numbers)}"
        try:
            if flags & OPEN_CREATE and shown not in self.disk.files:
                self.disk.tick()
        except PowerCut:
            return CANTOPEN
        opened = ctypes.cast(file, ctypes.POINTER(_OpenFile)).contents
        opened.methods = ctypes.POINTER(Methods)()
        is_log = bool(flags & (OPEN_MAIN_JOURNAL | OPEN_WAL))
        if not self.disk.open(shown, create=bool(flags & OPEN_CREATE), is_log=is_log):
            return CANTOPEN
        number = next(self._numbers)
        passing = bool(flags & OPEN_DELETE_ON_CLOSE)
        self._files[number] = (self.disk, shown, self.disk.files[shown], passing)
        opened.methods, opened.number = ctypes.pointer(self._methods), number
        if told:
            told[0] = flags
        return OK

    def _delete(self, _: int, name: bytes, flush: int) -> int:
        try:
            self.disk.tick()
        except PowerCut:
            return IOERR
        self.disk.remove(name.decode(), flush=bool(flush))
        return OK

    def _access(self, _: int, name: bytes, _flags: int, found: Any) -> int:
        found[0] = int(name.decode() in self.disk.files)
        return OK

    def _full_name(self, _: int, name: bytes, size: int, out: int) -> int:
        if len(name) >= size:
            return CANTOPEN
        ctypes.memmove(out, name + b"\0", len(name) + 1)
        return OK

    # sqlite3_io_methods

    def _of(self, file: int) -> tuple[VolatileDisk, File]:
        number = ctypes.cast(file, ctypes.POINTER(_OpenFile)).contents.number
        disk, _, found, _ = self._files[number]
        return disk, found

    def _close(self, file: int) -> int:
        number = ctypes.cast(file, ctypes.POINTER(_OpenFile)).contents.number
        disk, name, _, passing = self._files.pop(number)
        if passing:
            disk.files.pop(name, None)
        return OK

    def _read(self, file: int, out: int, size: int, at: int) -> int:
        disk, found = self._of(file)
        if disk.off:
            return IOERR
        data = bytes(found.seen[at : at + size])
        ctypes.memmove(out, data + bytes(size - len(data)), size)
        return OK if len(data) == size else SHORT_READ

    def _write(self, file: int, data: int, size: int, at: int) -> int:
        return self._change(file, Write(at, ctypes.string_at(data, size)))

    def _truncate(self, file: int, size: int) -> int:
        return self._change(file, Truncate(size))

    def _change(self, file: int, change: Write | Truncate) -> int:
        """A cut may come while it is on its way: then it is one of the pending ones."""
        disk, found = self._of(file)
        was_on = not disk.off
        try:
            disk.tick()
        except PowerCut:
            if was_on:
                found.change(change)
            return IOERR
        found.change(change)
        return OK

    def _sync(self, file: int, _flags: int) -> int:
        disk, found = self._of(file)
        try:
            disk.tick()
        except PowerCut:
            return IOERR
        disk.flush(found)
        return OK

    def _file_size(self, file: int, out: Any) -> int:
        disk, found = self._of(file)
        if disk.off:
            return IOERR
        out[0] = len(found.seen)
        return OK

    def _is_reserved(self, _file: int, out: Any) -> int:
        out[0] = 0
        return OK
