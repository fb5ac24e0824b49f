"""Settings as TOML text; the standard library only reads it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

Value = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"]
Table = Mapping[str, Value]


def toml_text(table: Table) -> str:
    """The document; keys must be bare keys. A list that starts with a table is a list of tables."""
    return "\n".join(_lines(table, ())) + "\n"


def write_toml(path: Path, table: Table) -> None:
    """Writes the document, readable by its owner only: settings hold passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(toml_text(table), encoding="utf-8")


def _lines(table: Table, path: tuple[str, ...]) -> Iterator[str]:
    for key, value in table.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{key} = {_inline(value)}"
    for key, value in table.items():
        where = (*path, key)
        if isinstance(value, Mapping):
            yield f"\n[{'.'.join(where)}]"
            yield from _lines(value, where)
        elif _is_tables(value) and isinstance(value, Sequence):
            for one in value:
                assert isinstance(one, Mapping)
                yield f"\n[[{'.'.join(where)}]]"
                yield from _lines(one, where)


def _is_table(value: Value) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Value) -> bool:
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], Mapping)


def _inline(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    return f"[{', '.join(_inline(one) for one in value)}]"
