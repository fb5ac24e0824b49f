"""A document as YAML that people read: the same document is the same text, whoever makes it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Node: TypeAlias = Mapping[str, "Node"] | Sequence["Node"] | str | float | bool | None

INDENT = "  "
NEWLINE = "\n"
MAX_FLOW_CHARS = 90
_PLAIN = re.compile(r"[A-Za-z$/][A-Za-z0-9 _./()+;=$-]*(?<! )")
_PLAIN_KEY = re.compile(r"[A-Za-z$][A-Za-z0-9_.$-]*")
# Plain words that YAML 1.1 or 1.2 takes for something else than a string.
_WORDS = frozenset(["true", "false", "yes", "no", "on", "off", "null", "y", "n"])


def to_yaml(node: Mapping[str, Node]) -> str:
    """Block style, keys in the order given, ending with a newline."""
    return "".join(f"{line.rstrip()}\n" for line in _mapping(node))


def _mapping(node: Mapping[str, Node]) -> Iterator[str]:
    for key, value in node.items():
        yield from _entry(f"{_key(key)}:", value)


def _sequence(node: Sequence[Node]) -> Iterator[str]:
    for item in node:
        if not _is_block(item):
            yield f"- {_flow(item)}"
            continue
        lines = iter(_lines(item))
        yield f"- {next(lines)}"
        yield from (f"{INDENT}{line}" for line in lines)


def _entry(head: str, value: Node) -> Iterator[str]:
    if isinstance(value, str) and NEWLINE in value:
        yield f"{head} {'|' if value.endswith(NEWLINE) else '|-'}"
        yield from (f"{INDENT}{line}" for line in value.removesuffix(NEWLINE).split(NEWLINE))
    elif _is_block(value):
        yield head
        yield from (f"{INDENT}{line}" for line in _lines(value))
    else:
        yield f"{head} {_flow(value)}"


def _lines(value: Node) -> Iterator[str]:
    if isinstance(value, Mapping):
        return _mapping(value)
    assert isinstance(value, Sequence)
    return _sequence(value)


def _is_block(value: Node) -> bool:
    """Short lists stay on one line; mappings do only if empty."""
    if isinstance(value, Mapping):
        return bool(value)
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return not all(map(_is_leaf, value)) or len(_flow(value)) > MAX_FLOW_CHARS


def _is_leaf(value: Node) -> bool:
    """What may stand inside a list on one line: no mapping that says something."""
    if isinstance(value, Mapping):
        return not value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(map(_is_leaf, value))
    return True


def _flow(value: Node) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_flow, value))}]"
    return json.dumps(value)


def _key(key: str) -> str:
    plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS
    return key if plain else json.dumps(key, ensure_ascii=False)


def _text(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
