"""A file that is there whole, with its metadata beside it, or not at all."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker_bridge.durable import flush
from broker_bridge.errors import ExportRefused
from broker_bridge.language import mark


class WholeFile:
    """Grows under a name of its own beside `path`; counts and hashes what it is given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._growing = path.with_name(f".{path.name}.part")
        self._file = self._growing.open("ab")
        self._hash = hashlib.sha256()
        self.bytes = 0
        self._lock()

    def _lock(self) -> None:
        """What a killed export left is written anew; two at once would spoil each other's."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise ExportRefused(
                mark("another export writes {path} now"),
                hint=mark("wait for it, or name another file"),
                path=self.path,
            ) from error
        self._file.truncate(0)

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """At the end."""
        self._file.write(data)
        self._hash.update(data)
        self.bytes += len(data)

    def publish(self, metadata_file: Path, metadata: bytes) -> None:
        """Flushed, then named; the metadata comes last, so that with it the export is whole."""
        self._file.flush()
        os.fsync(self._file.fileno())
        growing = metadata_file.with_name(f".{metadata_file.name}.part")
        growing.write_bytes(metadata)
        flush(growing)
        for new, name in ((self._growing, self.path), (growing, metadata_file)):
            if name.exists():
                raise ExportRefused(
                    mark("{name} has come to be meanwhile"),
                    hint=mark("name another file"),
                    name=name,
                )
            new.rename(name)
        flush(self.path.parent)

    def end(self) -> None:
        """Nothing half done stays behind."""
        self._growing.unlink(missing_ok=True)
        self._file.close()


@contextmanager
def growing(path: Path) -> Iterator[WholeFile]:
    """Raises ExportRefused in words for what the disk says."""
    try:
        file = WholeFile(path)
        try:
            yield file
        finally:
            file.end()
    except OSError as error:
        raise ExportRefused(
            mark("{path}: {why}"),
            hint=mark("is there room, and may this user write there? Nothing was left half done"),
            path=error.filename or path,
            why=error.strerror or error,
        ) from error
