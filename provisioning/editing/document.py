"""A settings file with one thing changed: every other byte stays, comments and order too.

What is changed is read back: unless the new document says the old one and the change, nothing is.
"""

import copy
import difflib
import json
import tomllib
from collections.abc import Iterator
from typing import Any

from contract.toml_lines import Steps, end_of, line_of
from provisioning.errors import Trouble

SECTIONS = ("gateway", "broker", "site", "health", "outbox", "uplink")
FAMILIES = ("serial", "network", "lorawan", "pins")


def steps_of(text: str, key: str) -> Steps:
    """Where a person's `outbox.budget_mb`, `pju.baud` or `TPS-0001.bin.full_mm` stands."""
    owners = dict(_owners(tomllib.loads(text)))
    for name in sorted(owners, key=len, reverse=True):  # a name may have dots
        if key.startswith(f"{name}.") and key != f"{name}.":
            return (*owners[name], *key[len(name) + 1 :].split("."))
    raise _unknown(key, owners)


def device_of(text: str, asset: str) -> Steps:
    """Which table is the device of that asset; raises Trouble."""
    owners = {name: at for name, at in _owners(tomllib.loads(text)) if "device" in at}
    if asset not in owners:
        raise _unknown(asset, owners)
    return owners[asset]


def with_value(text: str, steps: Steps, said: str) -> str:
    """The text with that key at that value; `said` is TOML, or else a plain word."""
    value, written = _value(said)
    wanted = tomllib.loads(text)
    _put(wanted, steps, value)
    return _proved(_written(text, steps, written), wanted)


def without_key(text: str, steps: Steps) -> str:
    """The text without that key, so that its default is in force."""
    wanted = tomllib.loads(text)
    if not _has(wanted, steps):
        return text
    table = _at(wanted, steps[:-1])
    del table[steps[-1]]
    at = _line_of_key(text, steps)
    lines = text.splitlines(keepends=True)
    return _proved("".join([*lines[: at - 1], *lines[at:]]), wanted)


def without_device(text: str, steps: Steps) -> str:
    """The text without that device; without its line too, if it was alone on it."""
    wanted: Any = tomllib.loads(text)
    family, index, _, number = steps
    devices = _at(wanted, steps[:-1])
    table = steps if len(devices) > 1 else steps[:2]
    if len(devices) > 1:
        del devices[number]
    else:
        del wanted[family][index]
        if not wanted[family]:
            del wanted[family]
    first, last = line_of(text, table), end_of(text, table)
    if first is None or last is None:
        raise Trouble("E-EDIT-02")
    lines = text.splitlines(keepends=True)
    while first > 1 and lines[first - 2].lstrip().startswith("#"):  # it speaks of what goes
        first -= 1
    if last < len(lines) and not lines[last].strip():
        last += 1
    return _proved("".join([*lines[: first - 1], *lines[last:]]), wanted)


def _owners(document: dict[str, Any]) -> Iterator[tuple[str, Steps]]:
    """What a key can be of: a section, a line by its name, a device by its asset."""
    for section in SECTIONS:
        yield section, (section,)
    for family in FAMILIES:
        for index, line in enumerate(document.get(family, [])):
            yield str(line.get("name", "")), (family, index)
            for number, device in enumerate(line.get("device", [])):
                yield str(device.get("asset", "")), (family, index, "device", number)


def _unknown(name: str, owners: dict[str, Steps]) -> Trouble:
    known = [one for one in owners if one]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4) or known
    return Trouble("E-EDIT-01", name=name, nearest=", ".join(near))


def _value(said: str) -> tuple[Any, str]:
    """What it means and how it is written."""
    plain = said.strip()
    try:
        found = tomllib.loads(f"x = {plain}\n")
    except (tomllib.TOMLDecodeError, RecursionError):
        found = {}
    if set(found) == {"x"} and "\n" not in plain and "#" not in plain:
        return found["x"], plain
    return said, json.dumps(said, ensure_ascii=False)


def _written(text: str, steps: Steps, written: str) -> str:
    document = tomllib.loads(text)
    lines = text.splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"
    key = str(steps[-1])
    if _has(document, steps):
        at = _line_of_key(text, steps)
        return "".join([*lines[: at - 1], _line_with(lines[at - 1], written), *lines[at:]])
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    table = steps[:-1]
    if _has(document, table):
        at = _last_own_line(lines, line_of(text, table) or len(lines))
        return "".join([*lines[:at], f"{key} = {written}{end}", *lines[at:]])
    names = [str(step) for step in table if isinstance(step, str)]
    block = f"[{'.'.join(names)}]{end}{key} = {written}{end}"
    at = (end_of(text, table[:-1]) if len(table) > 1 else None) or len(lines)
    gap = end if len(table) == 1 and lines else ""
    return "".join([*lines[:at], gap, block, *lines[at:]])


def _line_of_key(text: str, steps: Steps) -> int:
    """The line on which exactly that key begins; one of an inline table has none of its own."""
    at = line_of(text, steps)
    lines = text.splitlines()
    if at is None or lines[at - 1].split("=")[0].strip(" \t\"'") != str(steps[-1]):
        raise Trouble("E-EDIT-02")
    return at


def _line_with(line: str, written: str) -> str:
    """The line with another value, its comment where it was."""
    head, sign, rest = line.partition("=")
    body = rest.rstrip("\r\n")
    end = rest[len(body) :]
    cuts = [at for at, letter in enumerate(body) if letter == "#"]
    for cut in [*cuts, len(body)]:
        try:
            tomllib.loads(f"x ={body[:cut]}")
        except tomllib.TOMLDecodeError:
            continue
        comment = body[cut:]
        blank = body[:cut][len(body[:cut].rstrip()) :] if comment else ""
        return f"{head}{sign} {written}{blank}{comment}{end}"
    raise Trouble("E-EDIT-02")  # a value of several lines


def _last_own_line(lines: list[str], header: int) -> int:
    """After which line another key of the table can stand: before the next table begins."""
    last = header
    for number, line in enumerate(lines[header:], header + 1):
        plain = line.strip()
        if plain.startswith("["):
            break
        if plain and not plain.startswith("#"):
            last = number
    return last


def _proved(text: str, wanted: dict[str, Any]) -> str:
    try:
        same = tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise Trouble("E-EDIT-02")
    return text


def _has(document: Any, steps: Steps) -> bool:
    for step in steps:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _at(document: Any, steps: Steps) -> Any:
    for step in steps:
        document = document[step]
    return document


def _put(document: dict[str, Any], steps: Steps, value: Any) -> None:
    at: Any = document
    for step in steps[:-1]:
        at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
        if not isinstance(at, dict | list):
            raise Trouble("E-EDIT-02")
    at[steps[-1]] = copy.deepcopy(value)
