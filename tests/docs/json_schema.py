"""Judges a JSON value by the part of JSON Schema draft 07 that our document uses, and no more."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, Any], bool]

TYPES: dict[str, Check] = {
    "object": lambda value, _: isinstance(value, dict),
    "array": lambda value, _: isinstance(value, list),
    "string": lambda value, _: isinstance(value, str),
    "integer": lambda value, _: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value, _: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value, _: isinstance(value, bool),
    "null": lambda value, _: value is None,
}
SIMPLE: dict[str, Check] = {
    "const": lambda value, only: bool(value == only),
    "enum": lambda value, names: value in names,
    "minimum": lambda value, low: bool(value >= low),
    "maximum": lambda value, high: bool(value <= high),
    "minItems": lambda value, count: len(value) >= count,
    "maxItems": lambda value, count: len(value) <= count,
    "maxLength": lambda value, count: len(value) <= count,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
    "required": lambda value, names: set(names) <= set(value),
}
SILENT = {"description", "default", "type"}
NESTED = {"$ref", "anyOf", "allOf", "items", "additionalItems", "properties"}
KNOWN = SILENT | NESTED | SIMPLE.keys() | {"additionalProperties"}


def complaints(value: Any, schema: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """What is wrong with `value`; empty if nothing is. An unknown keyword is an error here."""
    if unknown := set(schema) - KNOWN:
        raise AssertionError(f"the judge does not know {unknown}")
    if "$ref" in schema:
        return complaints(value, resolve(schema["$ref"], document), document)
    if "type" in schema and not TYPES[schema["type"]](value, None):
        return [f"{value!r:.80} is no {schema['type']}"]
    wrong = [
        f"{value!r:.80} breaks {keyword} {schema[keyword]!r:.80}"
        for keyword, holds in SIMPLE.items()
        if keyword in schema and not holds(value, schema[keyword])
    ]
    if wrong:
        return wrong
    if choices := schema.get("anyOf"):
        answers = [complaints(value, choice, document) for choice in choices]
        wrong += [] if [] in answers else answers[0]
    for part in schema.get("allOf", ()):
        wrong += complaints(value, part, document)
    return wrong + _members(value, schema, document)


def resolve(reference: str, document: Mapping[str, Any]) -> Any:
    """What a local $ref points at; KeyError if nothing is there."""
    node: Any = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def _members(value: Any, schema: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    wrong: list[str] = []
    if isinstance(value, dict):
        known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key, member in value.items():
            rule = known.get(key, rest)
            wrong += [f"{key} is not known"] if rule is False else []
            wrong += complaints(member, rule, document) if isinstance(rule, dict) else []
    if isinstance(value, list) and "items" in schema:
        items = schema["items"]
        rules = items if isinstance(items, list) else [items] * len(value)
        for member, rule in zip(value, rules, strict=False):
            wrong += complaints(member, rule, document)
    return wrong
