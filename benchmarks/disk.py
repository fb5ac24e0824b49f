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
    image, folder = scratch / "disk.img", scratch / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size_mb << 20)
    _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    device = _run("losetup", "--find", "--show", str(image)).strip()
    try:
        _run("mount", "-o", "noatime", device, str(folder))
        try:
            yield Disk(folder, device)
        finally:
            _run("umount", str(folder))
    finally:
        _run("losetup", "--detach", device)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
