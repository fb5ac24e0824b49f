"""Where sticks are mounted on this machine, so that nobody has to type a path on a pole."""

from collections.abc import Iterator
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
MOUNTED_UNDER = (Path("/media"), Path("/run/media"), Path("/mnt"))


def sticks(mounts: Path = MOUNTS) -> list[Path]:
    """In the order in which they were mounted."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return list(_places(lines))


def _places(lines: list[str]) -> Iterator[Path]:
    for line in lines:
        place = Path(line.split(" ")[1].replace("\\040", " "))
        if any(top in place.parents for top in MOUNTED_UNDER):
            yield place
