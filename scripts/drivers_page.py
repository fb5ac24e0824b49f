"""The drivers as a page for people, from their settings, their words and their recorded frames."""

import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from agent.drivers.registry import MODULES
from contract.devices import Device
from contract.document import Section
from contract.lorawan_devices import LorawanSensor
from contract.network_devices import NetworkDevice
from contract.pin_devices import PinDevice
from contract.serial_devices import SerialDevice
from contract.settings import Health
from scripts.asyncapi_reference import GENERATED, table

FRAMES = Path(__file__).parents[1] / "tests" / "fixtures" / "frames"
LINES = (
    ("[[serial.device]]", SerialDevice),
    ("[[network.device]]", NetworkDevice),
    ("[[lorawan.device]]", LorawanSensor),
    ("[[pins.device]]", PinDevice),
)
OWN = {"gateway_health": "agent.drivers.gateway_health"}  # on every gateway, without a line
COMMON = set(Device.model_fields) - {"kind"}
INTRO = """\
Each driver is judged by frames recorded from data sheets and named sources, good and bad, in
`tests/fixtures/frames`; one without them is not on this page. What every device can have besides:
`asset`, `unreachable_after`, `fed_by`, and the limits of [events](events.md).
`nadi-agent read ASSET` shows what a device says now, and its bytes.

## What `nadi-agent discover` finds

- `--line PORT`: `pzem004t`; by shipped maps Eastron SDM120 and SDM630, DFRobot URM13 and URM14, a
  SEN0492 at its factory address 80, and each lamp of channel 0 behind an Intesis DALI gateway; by
  listening `a02yyuw` and `maxbotix`. Another Modbus device is named with its address.
- `--network NETWORK`: `rtsp_camera` by RTSP OPTIONS, with its ONVIF clock where that answers;
  `snmp_access_point` by its maker's number in sysObjectID: MikroTik, Ubiquiti, Aruba, Ruckus.
  A RouterOS REST service and other SNMP devices are named, and not proposed.
- `--lorawan`: `em310_udl`, `em400` and `dragino_ldds` by payloads that give a distance; every
  other payload is shown with its port and bytes.
"""


def drivers_page() -> str:
    """Every driver that has recorded frames, and the names of those that have none, if any."""
    every = {**MODULES, **OWN}
    listed = [name for name in every if (FRAMES / f"{name}.toml").is_file()]
    parts = [GENERATED.replace("contract/", "agent/drivers"), "# Drivers\n", INTRO]
    parts += [_driver(name) for name in listed]
    if others := ", ".join(f"`{name}`" for name in every if name not in listed):
        parts.append(f"Without recorded frames, and so not listed: {others}.\n")
    return "\n".join(parts)


def _driver(name: str) -> str:
    frames = _frames(name)
    words = (importlib.import_module((MODULES | OWN)[name]).__doc__ or "").strip()
    tables = [_settings(where, model) for where, model in _models(name)]
    traps = "".join(f"- {trap}\n" for trap in frames["traps"])
    wiring = f"**Wiring.** {frames['wiring']}\n"
    return "\n".join(
        [f"## `{name}`\n", f"{words}\n", *tables, wiring, f"**Traps.**\n\n{traps}", _judged(frames)]
    )


def _models(name: str) -> Iterator[tuple[str, type[BaseModel]]]:
    if name in OWN:
        yield "[health]", Health
    for where, union in LINES:
        for model in get_args(get_args(union)[0]):
            if model.model_fields["driver"].default == name:
                yield where, model


def _settings(where: str, model: type[BaseModel]) -> str:
    rows = [
        (f"`{key}`", "required" if field.is_required() else _default(field.default))
        for key, field in model.model_fields.items()
        if key not in COMMON
    ]
    words = " ".join((model.__doc__ or "").split())
    parts = [_section(f"{where[1:-2]}.{key}]", one) for key, one in _sections(model)]
    return "\n".join([f"`{where}` {words}\n\n{table(('setting', 'default'), rows)}", *parts])


def _sections(model: type[BaseModel]) -> Iterator[tuple[str, type[Section]]]:
    """The parts of a device's settings that are tables of their own."""
    for key, field in model.model_fields.items():
        for part in (field.annotation, *get_args(field.annotation)):
            if key not in COMMON and isinstance(part, type) and issubclass(part, Section):
                yield key, part


def _section(where: str, model: type[Section]) -> str:
    rows = [
        (f"`{key}`", "required" if field.is_required() else _default(field.default))
        for key, field in model.model_fields.items()
    ]
    words = " ".join((model.__doc__ or "").split())
    return f"`{where}` {words}\n\n{table(('setting', 'default'), rows)}"


def _default(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else "none" if value is None else str(value)


def _judged(frames: dict[str, Any]) -> str:
    """Its own frames, and those of the parts that its file names."""
    files = [frames, *(_frames(part) for part in frames.get("parts", []))]
    good = [one for file in files for one in file["good"]]
    bad = sum(len(file.get("bad", [])) for file in files)
    sources = sorted({one["source"] for one in good if "source" in one})
    said = "".join(f"- {source}\n" for source in sources)
    return f"**Judged by** {len(good)} good and {bad} bad frames.\n\n{said}"


def _frames(name: str) -> dict[str, Any]:
    return tomllib.loads((FRAMES / f"{name}.toml").read_text(encoding="utf-8"))
