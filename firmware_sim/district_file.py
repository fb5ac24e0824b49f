"""A district's TOML file becomes settings, or one sentence that says what is wrong where."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from firmware_sim.errors import SettingsError
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

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = Mapping[str, object]
Settings = TypeVar("Settings", bound="DataclassInstance")
LINE_DEVICES: dict[str, type[LampMeterSettings] | type[BinSensorSettings]] = {
    "pzem004t": LampMeterSettings,
    "a02yyuw": BinSensorSettings,
    "maxbotix": MaxbotixSettings,
}
KINDS = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


def read_district(path: Path) -> DistrictSettings:
    """The settings in `path`; raises SettingsError naming file, table and key."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}",
            hint="copy configs/sim-district.example.toml to start from",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} is not TOML: {error}",
            hint='keys look like name = "value"; tables like [[line]]',
        ) from error
    return parse_district(document, where=str(path))


def parse_district(document: Table, *, where: str) -> DistrictSettings:
    """The settings in a parsed TOML document; `where` starts every complaint."""
    table = dict(document)
    lines = [_line(one, at) for one, at in _tables(table, "line", where)]
    cameras = [_device(CameraSettings, one, at) for one, at in _tables(table, "camera", where)]
    access_points = [
        _device(AccessPointSettings, one, at) for one, at in _tables(table, "access_point", where)
    ]
    return _build(
        DistrictSettings,
        table,
        where,
        {"lines": tuple(lines), "cameras": tuple(cameras), "access_points": tuple(access_points)},
        also=("line", "camera", "access_point"),
    )


def _line(table: dict[str, object], where: str) -> LineSettings:
    devices = [_line_device(one, at) for one, at in _tables(table, "device", f"{where}.")]
    return _build(LineSettings, table, where, {"devices": tuple(devices)}, also=("device",))


def _line_device(table: dict[str, object], where: str) -> LampMeterSettings | BinSensorSettings:
    kind = table.pop("type", None)
    if kind is None:
        raise SettingsError(f"{where}.type is missing", hint=f"it is one of {_or(LINE_DEVICES)}")
    if not isinstance(kind, str) or kind not in LINE_DEVICES:
        raise SettingsError(
            f"{where}.type is {kind!r}, which no line device is",
            hint=_nearest(str(kind), LINE_DEVICES),
        )
    return _device(LINE_DEVICES[kind], table, where)


def _device(cls: type[Settings], table: dict[str, object], where: str) -> Settings:
    ready: dict[str, object] = {}
    if (faults := table.pop("faults", None)) is not None:
        if not isinstance(faults, dict):
            raise SettingsError(
                f"{where}.faults is not a table", hint="write faults = { lose = 0.01 }"
            )
        ready["faults"] = _build(FaultSettings, faults, f"{where}.faults", {})
    return _build(cls, table, where, ready, also=("faults",))


def _tables(
    table: dict[str, object], key: str, where: str
) -> Iterable[tuple[dict[str, object], str]]:
    at = f"{where}{key}" if where.endswith(".") else f"{where}: {key}"
    found = table.pop(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SettingsError(f"{at} is not a list of tables", hint=f"write [[{key}]] above each one")
    return [(dict(one), f"{at}[{number}]") for number, one in enumerate(found)]


def _build(
    cls: type[Settings],
    table: Table,
    where: str,
    ready: Mapping[str, object],
    *,
    also: tuple[str, ...] = (),
) -> Settings:
    """One settings object from its plain keys and the `ready` ones; `also` names nested tables."""
    plain = {one.name: one for one in fields(cls) if one.name not in ready and one.name not in also}
    _refuse_unknown(table, (*plain, *also), where)
    types = get_type_hints(cls)
    values = dict(ready)
    for name, one in plain.items():
        if name in table:
            values[name] = _value(table[name], types[name], _key_of(one), f"{_at(where)}{name}")
        elif one.default is MISSING:
            raise SettingsError(f"{_at(where)}{name} is missing", hint=f"it is {_key_of(one).says}")
    try:
        return cls(**values)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}", hint=error.hint) from None


def _refuse_unknown(table: Table, known: Iterable[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise SettingsError(f"{_at(where)}{name} is no setting", hint=_nearest(name, known))


def _value(value: object, kind: type, key: Key, at: str) -> object:
    if key.choices:
        if value not in key.choices:
            raise SettingsError(f"{at} is {value!r}", hint=f"it can be {_or(key.choices)}")
        return value
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise SettingsError(f"{at} is {value!r}", hint=f"it must be {KINDS[kind]}: {key.says}")
    _check_range(value, key, at)
    return value


def _check_range(value: object, key: Key, at: str) -> None:
    if not isinstance(value, int | float) or key.low is None or key.high is None:
        return
    if not key.low <= value <= key.high:
        raise SettingsError(
            f"{at} is {value:g}", hint=f"it must lie from {key.low:g} to {key.high:g}: {key.says}"
        )


def _key_of(one: "Field[Any]") -> Key:
    key: Key = one.metadata["key"]
    return key


def _at(where: str) -> str:
    return f"{where}." if where.endswith(("]", "faults")) else f"{where}: "


def _nearest(name: str, known: Iterable[str]) -> str:
    known = tuple(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"it can be {_or(known)}"


def _or(names: Iterable[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} or {last}" if most else last
