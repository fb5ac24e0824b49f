"""What the simulator can be, in words, taken from the settings themselves."""

from dataclasses import MISSING, Field, fields
from typing import Any

from firmware_sim.settings import (
    AccessPointSettings,
    BinSensorSettings,
    CameraSettings,
    DistrictSettings,
    FaultSettings,
    Key,
    LampMeterSettings,
    LineSettings,
    MaxbotixSettings,
)

DEVICES = (
    (
        "pzem004t",
        "[[line.device]]",
        LampMeterSettings,
        "voltage, current, power, energy by Modbus RTU",
    ),
    (
        "a02yyuw",
        "[[line.device]]",
        BinSensorSettings,
        "distance in mm, sent unasked about 10 times a second",
    ),
    (
        "maxbotix",
        "[[line.device]]",
        MaxbotixSettings,
        "distance in mm as text, sent unasked about 7 times a second",
    ),
    ("rtsp_camera", "[[camera]]", CameraSettings, "OPTIONS and DESCRIBE over TCP, no video"),
    (
        "snmp_access_point",
        "[[access_point]]",
        AccessPointSettings,
        "clients, octets, uptime by SNMP v2c",
    ),
)
PLACES = (
    ("District", DistrictSettings, "at the top of the file"),
    ("Line", LineSettings, "[[line]]"),
)
NESTED = ("lines", "cameras", "access_points", "devices")  # tables, which have their own section
FAULT_NOTES = """\
  Silence is switched at run time: {"silence":"PJU-0003"} and {"speak":"PJU-0003"} on stdin.
  RTSP and SNMP carry no checksum of their own: a `flip` there can change a value unseen."""


def catalogue() -> str:
    """The text of `nadi-sim list`."""
    devices = [f"  {name:18}{about}" for name, _, _, about in DEVICES]
    sections = ["Devices\n" + "\n".join(devices)]
    sections += [_section(f"{title} ({where})", cls) for title, cls, where in PLACES]
    sections += [
        _section(f"{name} ({_shape(name, where)})", cls) for name, where, cls, _ in DEVICES
    ]
    sections.append(_section("Faults (faults = { ... })", FaultSettings) + "\n" + FAULT_NOTES)
    return "\n\n".join(sections)


def _section(title: str, cls: type) -> str:
    return "\n".join([title, *(_row(one) for one in fields(cls) if one.name not in NESTED)])


def _shape(name: str, where: str) -> str:
    return f'{where} with type = "{name}"' if where == "[[line.device]]" else where


def _row(one: "Field[Any]") -> str:
    key: Key = one.metadata["key"]
    return f"  {one.name:18}{key.says}{_range(key)}{_default(one)}"


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
