"""What was found, as tables of the settings: what is written, and what may be shown."""

import json
from dataclasses import dataclass, field
from typing import Literal

STARS = "***"

Family = Literal["serial", "network", "lorawan"]
Scalar = str | int | float | bool
Value = Scalar | dict[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One `key = value`; a secret is written and never shown."""

    key: str
    value: Value = field(repr=False)
    secret: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """One device that the settings do not have."""

    what: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Devices of one line; `index` is that line in the settings, None if it is new as well."""

    family: Family
    index: int | None
    line: tuple[Entry, ...]
    devices: tuple[NewDevice, ...]


def to_toml(proposal: Proposal, *, shown: bool) -> list[str]:
    """The lines of text to add; with `shown`, secrets are stars."""
    lines = []
    if proposal.index is None:
        lines = [f"[[{proposal.family}]]", *(_entry(one, shown=shown) for one in proposal.line)]
    for device in proposal.devices:
        lines += ["", f"[[{proposal.family}.device]]  # {_plain(device.what)}"]
        lines += [_entry(one, shown=shown) for one in device.entries]
    return lines if proposal.index is None else lines[1:]


def _entry(entry: Entry, *, shown: bool) -> str:
    value = STARS if entry.secret and shown else entry.value
    remark = f"  # {entry.remark}" if entry.remark else ""
    return f"{entry.key} = {_toml(value)}{remark}"


def _toml(value: Value) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _plain(text: str) -> str:
    """A device's own words cannot end a comment."""
    return "".join(one for one in text if one.isprintable())[:120]
