"""A district's TOML file becomes settings, or one sentence that says what is wrong where."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from firmware_sim.errors import SettingsError
from firmware_sim.key import DeviceSettings, FaultSettings, Key
from firmware_sim.settings import DistrictSettings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = Mapping[str, object]
Settings = TypeVar("Settings", bound="DataclassInstance")
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
    return _build(DistrictSettings, dict(document), where)


def _one_of(key: Key, table: dict[str, object], where: str) -> object:
    """One table below, as the only kind it can be or the one its `type` names."""
    if len(key.of) == 1 and "type" not in table:
        (cls,) = key.of.values()
        return _build(cls, table, where)
    kind = table.pop("type", None)
    if kind is None:
        raise SettingsError(f"{where}.type is missing", hint=f"it is one of {_or(key.of)}")
    if not isinstance(kind, str) or kind not in key.of:
        raise SettingsError(
            f"{where}.type is {kind!r}, which no device here is", hint=nearest(str(kind), key.of)
        )
    return _build(key.of[kind], table, where)


def _faults(cls: type[Any], table: object, where: str) -> FaultSettings:
    """Chances, and named faults that are true from the start."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where} is not a table", hint="write faults = { lose = 0.01 }")
    known: Mapping[str, str] = cls.FAULTS
    _refuse_unknown(table, (*_plain(FaultSettings), *known), where)
    for name in known:
        if type(table.get(name, True)) is not bool:
            raise SettingsError(
                f"{where}.{name} is {table[name]!r}",
                hint=f"it must be true or false: {known[name]}",
            )
    chances = {name: value for name, value in table.items() if name not in known}
    named = tuple(name for name in known if table.get(name) is True)
    return _build(FaultSettings, chances, where, named=named)


def _tables(
    table: dict[str, object], key: str, where: str
) -> Iterable[tuple[dict[str, object], str]]:
    at = f"{_at(where)}{key}"
    found = table.pop(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SettingsError(f"{at} is not a list of tables", hint=f"write [[{key}]] above each one")
    return [(dict(one), f"{at}[{number}]") for number, one in enumerate(found)]


def _build(cls: type[Settings], table: dict[str, object], where: str, **ready: object) -> Settings:
    """One settings object of its table and of the tables below it."""
    values = dict(ready)
    for name, key in _keys(cls).items():
        if key.table:
            below = _tables(table, key.table, where)
            values[name] = tuple(_one_of(key, one, at) for one, at in below)
    if issubclass(cls, DeviceSettings) and (faults := table.pop("faults", None)) is not None:
        values["faults"] = _faults(cls, faults, f"{_at(where)}faults")
    nested = (key.table for key in _keys(cls).values() if key.table)
    _refuse_unknown(table, (*_plain(cls), *nested), where)
    values |= _plain_values(cls, table, where)
    try:
        return cls(**values)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}", hint=error.hint) from None


def _plain_values(cls: type[Any], table: Table, where: str) -> dict[str, object]:
    types, values = get_type_hints(cls), {}
    for name, one in _plain(cls).items():
        if name in table:
            values[name] = _value(table[name], types[name], _key_of(one), f"{_at(where)}{name}")
        elif one.default is MISSING:
            raise SettingsError(f"{_at(where)}{name} is missing", hint=f"it is {_key_of(one).says}")
    return values


def _keys(cls: type[Any]) -> dict[str, Key]:
    return {one.name: _key_of(one) for one in fields(cls) if "key" in one.metadata}


def _plain(cls: type[Any]) -> dict[str, "Field[Any]"]:
    """Settings that are no tables themselves."""
    return {
        one.name: one
        for one in fields(cls)
        if "key" in one.metadata and not _key_of(one).table and one.name != "faults"
    }


def _refuse_unknown(table: Table, known: Iterable[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise SettingsError(f"{_at(where)}{name} is no setting", hint=nearest(name, known))


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


def nearest(name: str, known: Iterable[str]) -> str:
    """What somebody may have meant, or all that there is."""
    known = tuple(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"it can be {_or(known)}"


def _or(names: Iterable[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} or {last}" if most else last
