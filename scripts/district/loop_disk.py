"""A small ext4 disk of its own, so that every byte written to its block device is ours."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECTOR_BYTES = 512
SECTORS_WRITTEN = 6  # the seventh field of /sys/block/*/stat (Documentation/block/stat.rst)


class Disk:
    """A mounted file system and the counter of its device."""

    def __init__(self, folder: Path, device: str) -> None:
        self.folder = folder
        self._stat = Path("/sys/block") / Path(device).name / "stat"

    def written_bytes(self) -> int:
        """Bytes that reached the block device, once all that is dirty has been flushed."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        os.sync()
        return int(self._stat.read_text().split()[SECTORS_WRITTEN]) * SECTOR_BYTES


@contextmanager
def loop_disk(scratch: Path, *, size_mb: int) -> Iterator[Disk]:
    """An ext4 of Debian's defaults in a file; raises OSError where we may not mount."""
    image = scratch / "disk.img"
    with image.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size_mb << 20)
    _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    with mounted(image, scratch / "disk") as disk:
        yield disk


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Disk]:
    """The disk in `image`, for everyone to write; its journal is replayed first, if it must be.

    What is flushed is in the file `image` at once, and what is not is in no file at all: a copy of
    it is what a power cut would leave.
    """
    folder.mkdir()
    device = _as_root("losetup", "--find", "--show", str(image)).strip()
    try:
        _as_root("mount", "-o", "noatime", device, str(folder))
        try:
            _as_root("chmod", "777", str(folder))
            yield Disk(folder, device)
        finally:
            _as_root("umount", str(folder))
    finally:
        _as_root("losetup", "--detach", device)


def _as_root(*command: str) -> str:
    return _run(*command) if os.geteuid() == 0 else _run("sudo", "-n", *command)


def _run(*command: str) -> str:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    if done.returncode:
        raise OSError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
