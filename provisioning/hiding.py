"""What of the settings is secret, and any text without it."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel

HIDDEN = "[hidden]"
LEAST_IN_TEXT = 4  # a shorter secret would hide half of a log, and is none
_TEXT = r"""("(?:[^"\\]|\\.)*"|'[^']*')"""


def redacted(section: BaseModel) -> dict[str, Any]:
    """The settings without those that their models never show."""
    shown: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        shown[name] = HIDDEN if not field.repr and value else _shown(value)
    return shown


def secrets_of(section: BaseModel) -> list[str]:
    """All of them, the longest first."""
    return sorted(_hidden_in(section), key=len, reverse=True)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with each of them hidden, as it is and as JSON or TOML writes it."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
        text = text.replace(json.dumps(secret)[1:-1], HIDDEN)
    return text


def without_values(document: str, model: type[BaseModel]) -> str:
    """Lines of a TOML document of that model, even of one that says nonsense, without secrets."""
    names = "|".join(sorted(hidden_names(model)))
    return re.sub(rf"\b({names})(\s*=\s*){_TEXT}", rf'\1\2"{HIDDEN}"', document)


def hidden_names(model: type[BaseModel]) -> frozenset[str]:
    """The keys that their models never show, wherever they stand."""
    return frozenset(_hidden_names(model))


def _shown(value: object) -> Any:
    if isinstance(value, BaseModel):
        return redacted(value)
    if isinstance(value, list | tuple):
        return [_shown(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _hidden_in(value: object) -> Iterator[str]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inner = getattr(value, name)
            if not field.repr and isinstance(inner, str) and len(inner) >= LEAST_IN_TEXT:
                yield inner
            else:
                yield from _hidden_in(inner)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _hidden_in(one)


def _hidden_names(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if not field.repr:
                yield field.alias or name
            yield from _hidden_names(field.annotation)
    else:
        for part in get_args(annotation):
            yield from _hidden_names(part)
