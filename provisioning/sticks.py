"""Sticks, wherever they were mounted, so that nobody has to type a path on a pole."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from provisioning.errors import Trouble

MOUNTS = Path("/proc/self/mounts")
MOUNTED_UNDER = (Path("/media"), Path("/run/media"), Path("/mnt"))
PREFIX = "usb:"


def mounted(environ: Mapping[str, str], *, mounts: Path = MOUNTS) -> list[Path]:
    """In the order in which they were mounted; NADI_STICK names one that is elsewhere."""
    if named := environ.get("NADI_STICK"):
        return [Path(named)]
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return list(_places(lines))


def found(patterns: Sequence[str], environ: Mapping[str, str]) -> list[Path]:
    """The files of these names on all sticks, at the top or one folder down."""
    deep = [pattern for name in patterns for pattern in (name, f"*/{name}")]
    files = (file for stick in mounted(environ) for one in deep for file in stick.glob(one))
    return sorted({file for file in files if file.is_file()})


def file_of(said: str, suffixes: Sequence[str], environ: Mapping[str, str]) -> Path:
    """The file that a person means; raises Trouble if no stick has it, or several do."""
    if not said.startswith(PREFIX):
        return Path(said)
    name = said.removeprefix(PREFIX)
    there = found([f"{name}{suffix}" for suffix in suffixes], environ) if _plain(name) else []
    if len(there) != 1:
        names = ", ".join(map(str, there)) or "-"
        raise Trouble("E-STICK-01", name=name, count=len(there), found=names)
    return there[0]


def _places(lines: list[str]) -> Iterator[Path]:
    for line in lines:
        place = Path(line.split(" ")[1].replace("\\040", " "))
        if any(top in place.parents for top in MOUNTED_UNDER):
            yield place


def _plain(name: str) -> bool:
    """Whether it is a name and no pattern or path out of the stick."""
    return bool(name) and not set(name) & set("*?[]/\0")
