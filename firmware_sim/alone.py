"""One device from the command line: a district of its own, with defaults for the rest."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from firmware_sim.district_file import nearest, parse_district
from firmware_sim.errors import SettingsError
from firmware_sim.key import DeviceSettings, Key
from firmware_sim.settings import DistrictSettings

Table = dict[str, Any]
# What a device must have and a person alone at a laptop need not choose.
DEFAULTS: dict[str, Table] = {
    "pzem004t": {"asset": "PJU-0001", "address": 1},
    "sdm120": {"asset": "PJU-0001", "address": 1},
    "sdm630": {"asset": "FDR-0001", "address": 1},
    "intesis_dali": {
        "asset": "DALI-0001",
        "address": 1,
        "lamp": [{"asset": "PJU-0001", "short_address": 0}],
    },
    "urm13": {"asset": "TPS-0001", "address": 0x0B},
    "sen0492": {"asset": "TPS-0001", "address": 0x50},
    "a02yyuw": {"asset": "TPS-0001"},
    "maxbotix": {"asset": "TPS-0001"},
    "echo": {"asset": "TPS-0001"},
    "pillar": {"asset": "PANEL-0001"},
    "rtsp_camera": {"asset": "CAM-0001"},
    "snmp_access_point": {"asset": "WIFI-0001"},
    "routeros_access_point": {"asset": "WIFI-0001"},
    "hotspot": {"asset": "WIFI-0001"},
    "poe_switch": {"asset": "SW-0001", "outlet": [{"index": "1.1", "feeds": "CAM-0001"}]},
    "em310_udl": {"asset": "TPS-0001", "dev_eui": "24e124713b000001", "interval_s": 10.0},
    "em400": {"asset": "TPS-0001", "dev_eui": "24e124713b000002", "interval_s": 10.0},
    "dragino_ldds": {"asset": "TPS-0001", "dev_eui": "a84041000b000003", "interval_s": 10.0},
}
BESIDE: dict[str, Table] = {"poe_switch": {"camera": [{"asset": "CAM-0001"}]}}
HOLDERS: dict[str, Table] = {
    "line": {"name": "line", "port": "line"},
    "pins": {"name": "pins", "socket": "pins"},
    "lorawan": {"name": "lora"},
    "modbus_tcp": {"name": "modbus"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asked for: a device, `KEY=VALUE`s of it, faults, and a port if it has one."""

    device: str
    settings: Sequence[str] = ()
    faults: Sequence[str] = ()
    port: int | None = None
    seed: int = 1
    clock: str = "night"


def devices() -> tuple[str, ...]:
    """What can be played alone."""
    return tuple(DEFAULTS)


def alone(wish: Wish) -> DistrictSettings:
    """A district of this one device; raises SettingsError in words."""
    if wish.device not in DEFAULTS:
        raise SettingsError(
            f"{wish.device!r} is nothing that can be played alone",
            hint=nearest(wish.device, DEFAULTS),
        )
    device = DEFAULTS[wish.device] | dict(_given(one) for one in wish.settings)
    if wish.faults:
        device["faults"] = dict.fromkeys(wish.faults, True)
    document = {"seed": wish.seed, "clock": wish.clock, **BESIDE.get(wish.device, {})}
    return parse_district(document | _placed(wish, device), where=f"play {wish.device}")


def _placed(wish: Wish, device: Table) -> Table:
    """The device in the table that holds it; --port makes of a Modbus line a TCP port."""
    modbus = ("modbus_tcp", "line") if wish.port is not None else ("line",)
    for holder in (*modbus, "pins", "lorawan"):
        if wish.device in _kinds(holder):
            typed = {"type": wish.device, **device}
            return {holder: [{**_holder(holder, wish.port), "device": [typed]}]}
    (name,) = (key.table for key in _tables(DistrictSettings) if list(key.of) == [wish.device])
    return {name: [device | ({"port": wish.port} if wish.port is not None else {})]}


def _holder(name: str, port: int | None) -> Table:
    listens = name in ("modbus_tcp", "lorawan") and port is not None
    return HOLDERS[name] | ({"port": port} if listens else {})


def _kinds(holder: str) -> tuple[str, ...]:
    """The devices that a table of this name can hold."""
    (cls,) = next(key.of for key in _tables(DistrictSettings) if key.table == holder).values()
    return tuple(name for key in _tables(cls) for name, kind in key.of.items() if _is_device(kind))


def _is_device(kind: type[Any]) -> bool:
    return issubclass(kind, DeviceSettings)


def _tables(cls: type[Any]) -> list[Key]:
    keys: list[Key] = [one.metadata["key"] for one in fields(cls) if "key" in one.metadata]
    return [key for key in keys if key.table]


def _given(text: str) -> tuple[str, object]:
    """KEY=VALUE as TOML has it; what is no TOML value is text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise SettingsError(f"{text!r} is no KEY=VALUE", hint="write --set rated_w=120")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()
