"""What the simulator can be, in words, taken from the settings themselves."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any

from firmware_sim.key import DeviceSettings, FaultSettings, Key
from firmware_sim.settings import DistrictSettings

FAULT_NOTES = """\
  A device's own faults, named with it above, are there from the start with
  faults = { silent = true },
  or at run time by JSON lines on standard input:
    {"fault":"silent","asset":"PJU-0003"}
    {"mend":"silent","asset":"PJU-0003"}
  RTSP and SNMP carry no checksum of their own: a `flip` there can change a value unseen."""


def catalogue() -> str:
    """The text of `nadi-sim list`."""
    found = [("District", "at the top of the file", DistrictSettings), *_below(DistrictSettings)]
    devices = [(title, cls) for title, _, cls in found if issubclass(cls, DeviceSettings)]
    sections = ["Devices\n" + "\n".join(f"  {name:18}{_about(cls)}" for name, cls in devices)]
    sections += [_section(f"{title} ({where})", cls) for title, where, cls in found]
    chances = _section("Faults (faults = { ... })", FaultSettings)
    return "\n\n".join([*sections, f"{chances}\n{FAULT_NOTES}"])


def _below(cls: type[Any], within: str = "") -> Iterator[tuple[str, str, type[Any]]]:
    """Title, place in the file, and settings of every table below."""
    for one in fields(cls):
        key: Key | None = one.metadata.get("key")
        if key is None or not key.table:
            continue
        for name, kind in key.of.items():
            typed = f' with type = "{name}"' if len(key.of) > 1 else ""
            yield name, f"[[{within}{key.table}]]{typed}", kind
            yield from _below(kind, f"{within}{key.table}.")


def _about(cls: type[Any]) -> str:
    return (cls.__doc__ or "").splitlines()[0].rstrip(".")


def _section(title: str, cls: type[Any]) -> str:
    rows = [_row(one) for one in fields(cls) if "key" in one.metadata and not _key(one).table]
    if issubclass(cls, DeviceSettings):
        rows += [f"    fault {name:18}{words}" for name, words in cls.FAULTS.items()]
    return "\n".join([title, *rows])


def _row(one: "Field[Any]") -> str:
    key = _key(one)
    return f"  {one.name:18}{key.says}{_range(key)}{_default(one)}"


def _key(one: "Field[Any]") -> Key:
    key: Key = one.metadata["key"]
    return key


def _range(key: Key) -> str:
    if key.choices:
        return f"; {', '.join(key.choices)}"
    return "" if key.low is None else f"; {key.low:.10g} to {key.high:.10g}"


def _default(one: "Field[Any]") -> str:
    if one.default is MISSING:
        return "; required"
    plain = isinstance(one.default, str | int | float)
    return f"; default {_toml(one.default)}" if plain else ""


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
