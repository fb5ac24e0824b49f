"""What a person means by `usb:NAME`: a file on a stick, wherever it was mounted."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioning.collecting.sticks import sticks
from provisioning.errors import Trouble

PREFIX = "usb:"


def found(patterns: Sequence[str], environ: Mapping[str, str]) -> list[Path]:
    """The files of these names on all sticks, at the top or one folder down.

    NADI_STICK names a stick that is elsewhere.
    """
    named = environ.get("NADI_STICK")
    places = [Path(named)] if named else sticks()
    deep = (pattern for name in patterns for pattern in (name, f"*/{name}"))
    wanted = list(deep)
    files = (file for stick in places for one in wanted for file in stick.glob(one))
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


def _plain(name: str) -> bool:
    """Whether it is a name and no pattern or path out of the stick."""
    return bool(name) and not set(name) & set("*?[]/\0")
