"""A TOML document becomes a model, or one sentence that names the key and the nearest right one."""

import tomllib
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from contract.errors import SettingsError
from contract.reasons import of_toml, of_value
from contract.toml_lines import line_of
from contract.wording import _

_M = TypeVar("_M", bound="Section")


class Section(BaseModel):
    """Frozen, and refuses keys it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,  # a program pays for the models it uses
    )


def misplaced(message: str, *at: int | str) -> PydanticCustomError:
    """What a validator of a whole section raises, to be told with the line of the key at `at`."""
    words = message.replace("{", "{{").replace("}", "}}")
    return PydanticCustomError("misplaced", words, {"at": at})


def load_document(model: type[_M], text: str, *, name: str) -> _M:
    """The settings in `text`; raises SettingsError that names the file, the key and what to do."""
    try:
        return model.model_validate(_parsed(text, name), strict=None)
    except ValidationError as error:
        raise _in_words(model, error, text, name) from None


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SettingsError(
            _("{name}: its brackets are nested too deeply").format(name=name),
            hint=_("no key here needs three levels"),
        ) from None
    except ValueError as error:  # also a whole number of more than 4,300 digits
        raise SettingsError(
            _("{name}: not valid TOML: {why}").format(name=name, why=of_toml(error)),
            hint=_("mend that line"),
        ) from None


def _in_words(
    model: type[BaseModel], error: ValidationError, text: str, name: str
) -> SettingsError:
    # A misspelt key is also a missing one; the misspelling is what a person can mend.
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    steps = first["loc"] + tuple(first.get("ctx", {}).get("at", ()))
    where = _path(steps)
    if line := line_of(text, steps):
        name = _("{name}, line {line}").format(name=name, line=line)
    if first["type"] == "extra_forbidden":
        return _unknown_key(model, first["loc"], f"{name}: {where}")
    if first["type"] == "missing":
        key = first["loc"][-1]
        return SettingsError(
            _("{name}: {where} is missing").format(name=name, where=where),
            hint=_("add {key} = …").format(key=key),
        )
    if first["type"] == "union_tag_invalid":
        known = first["ctx"]["expected_tags"].replace("'", "").split(", ")
        return SettingsError(
            _("{name}: {where}: there is no driver {driver!r}").format(
                name=name, where=where, driver=first["ctx"]["tag"]
            ),
            hint=nearest(str(first["ctx"]["tag"]), known),
        )
    what = ": ".join(filter(None, (name, where, of_value(first))))
    return SettingsError(what, hint=_("correct that value"))


def _path(steps: tuple[int | str, ...]) -> str:
    path = ""
    for step in steps:
        path += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _unknown_key(model: type[BaseModel], steps: tuple[int | str, ...], where: str) -> SettingsError:
    names = _fields_at(model, steps[:-1])
    what = _("{where} is not a setting").format(where=where)
    return SettingsError(what, hint=nearest(str(steps[-1]), names))


def nearest(word: str, known: list[str]) -> str:
    """What a person may have meant by `word`: the closest of `known`, or all of them."""
    import difflib  # noqa: PLC0415 only a wrong key needs it

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return _("did you mean {word}?").format(word=close[0])
    return _("known here: {words}").format(words=", ".join(sorted(known)))


def _fields_at(model: type[BaseModel], steps: tuple[int | str, ...]) -> list[str]:
    at: Any = model
    for step in steps:
        at = _descend(at, step)
    if isinstance(at, FieldInfo):
        at = next(iter(_models_in(at.annotation)), None)
    fields = getattr(at, "model_fields", {})
    return [field.alias or key for key, field in fields.items()]


def _descend(at: Any, step: int | str) -> Any:
    """The model one step down; a tag of a union is a step of its own."""
    if isinstance(at, type) and issubclass(at, BaseModel):
        fields = {field.alias or key: field for key, field in at.model_fields.items()}
        return fields.get(str(step))
    models = _models_in(at.annotation if isinstance(at, FieldInfo) else at)
    if isinstance(step, int):
        return at if len(models) > 1 else (models[0] if models else None)
    tagged = [m for m in models if getattr(m.model_fields.get("driver"), "default", None) == step]
    if tagged:
        return tagged[0]
    return _descend(models[0], step) if len(models) == 1 else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
