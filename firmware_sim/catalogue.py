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
    found = _found(DistrictSettings)
    devices = [cls for cls in found if issubclass(cls, DeviceSettings)]
    names = "\n".join(f"  {cls.DEVICE:22}{_about(cls)}" for cls in devices)
    sections = [
        f"Devices\n{names}",
        _section("District (at the top of the file)", DistrictSettings),
    ]
    sections += [_section(f"{cls.DEVICE} ({places})", cls) for cls, places in found.items()]
    chances = _section("Faults (faults = { ... })", FaultSettings)
    return "\n\n".join([*sections, f"{chances}\n{FAULT_NOTES}"])


def _found(cls: type[Any]) -> dict[type[Any], str]:
    """Every kind of table, and where it can stand in the file."""
    places: dict[type[Any], list[str]] = {}
    for kind, place in _below(cls):
        places.setdefault(kind, []).append(place)
    return {kind: " or ".join(several) for kind, several in places.items()}


def _below(cls: type[Any], within: str = "") -> Iterator[tuple[type[Any], str]]:
    for one in fields(cls):
        key: Key | None = one.metadata.get("key")
        if key is None or not key.table:
            continue
        for name, kind in key.of.items():
            typed = f' with type = "{name}"' if len(key.of) > 1 else ""
            yield kind, f"[[{within}{key.table}]]{typed}"
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
