"""Why something cannot be used, in words of our own catalogues instead of the libraries'."""

import errno
import re
from typing import Any

from contract.wording import _, mark

# By the type of pydantic's error, with the names of its context.
VALUES = {
    "bool_type": mark("input should be a valid boolean"),
    "dict_type": mark("input should be a table"),
    "enum": mark("input should be {expected}"),
    "finite_number": mark("input should be a finite number"),
    "float_type": mark("input should be a valid number"),
    "greater_than": mark("input should be greater than {gt}"),
    "greater_than_equal": mark("input should be greater than or equal to {ge}"),
    "int_from_float": mark("input should be a whole number"),
    "int_type": mark("input should be a valid integer"),
    "less_than": mark("input should be less than {lt}"),
    "less_than_equal": mark("input should be less than or equal to {le}"),
    "list_type": mark("input should be a valid list"),
    "literal_error": mark("input should be {expected}"),
    "model_type": mark("input should be a table"),
    "string_pattern_mismatch": mark("string should match pattern '{pattern}'"),
    "string_too_long": mark("string should have at most {max_length} characters"),
    "string_too_short": mark("string should have at least {min_length} characters"),
    "string_type": mark("input should be a valid string"),
    "too_long": mark("list should have at most {max_length} items, it has {actual_length}"),
    "too_short": mark("list should have at least {min_length} items, it has {actual_length}"),
    "union_tag_not_found": mark("it does not say its driver"),
}
# What tomllib complains of; some of it names a place, which stays as it is.
SYNTAX = (
    mark("Invalid statement"),
    mark("Invalid value"),
    mark("Invalid hex value"),
    mark("Invalid date or datetime"),
    mark("Invalid initial character for a key part"),
    mark("Expected newline or end of document after a statement"),
    mark("Expected '=' after a key in a key/value pair"),
    mark("Expected ']' at the end of a table declaration"),
    mark("Expected ']]' at the end of an array declaration"),
    mark("Cannot overwrite a value"),
    mark("Unclosed array"),
    mark("Unclosed inline table"),
    mark("Unterminated string"),
    mark("Unescaped '\\' in a string"),
    mark("Escaped character is not a Unicode scalar value"),
)
SAYING = {
    r"Cannot declare (?P<key>.+) twice": mark("Cannot declare {key} twice"),
    r"Cannot mutate immutable namespace (?P<key>.+)": mark("Cannot add to {key}, which is closed"),
    r"Cannot redefine namespace (?P<key>.+)": mark("Cannot declare {key} twice"),
    r"Duplicate inline table key (?P<key>.+)": mark("Cannot declare {key} twice"),
    r"Expected (?P<sign>.+)": mark("Expected {sign}"),
    r"Found invalid character (?P<sign>.+)": mark("Found invalid character {sign}"),
    r"Illegal character (?P<sign>.+)": mark("Found invalid character {sign}"),
}
SYSTEM = {
    errno.EACCES: mark("you have no right to it"),
    errno.EPERM: mark("you have no right to it"),
    errno.ENOENT: mark("there is no such file"),
    errno.EISDIR: mark("it is a folder"),
    errno.ENOTDIR: mark("a part of its path is no folder"),
    errno.EROFS: mark("the disk is read-only"),
    errno.ENOSPC: mark("the disk is full"),
    errno.EDQUOT: mark("the disk is full"),
    errno.EIO: mark("the disk cannot be read or written"),
    errno.ECONNREFUSED: mark("nothing listens there"),
    errno.ENETUNREACH: mark("there is no way to it"),
    errno.EHOSTUNREACH: mark("there is no way to it"),
    errno.ETIMEDOUT: mark("no answer in time"),
}
PLACE = re.compile(r" \((at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document))\)$")


def of_value(error: Any) -> str:
    """One of pydantic's errors; a sentence of our own stays as it is."""
    if words := VALUES.get(error["type"]):
        context = dict(error.get("ctx", {}))
        if "expected" in context:
            context["expected"] = context["expected"].replace(" or ", " {} ".format(_("or")))
        return _(words).format(**context)
    what: str = error["msg"].removeprefix("Value error, ")
    return what[:1].lower() + what[1:]


def of_toml(error: ValueError) -> str:
    """What the parser says, and where."""
    said = str(error)
    if not (place := PLACE.search(said)):
        return _syntax(said)
    what = _syntax(said[: place.start()])
    if place["line"]:
        return _("{what} (at line {line}, column {column})").format(
            what=what, line=place["line"], column=place["column"]
        )
    return _("{what} (at end of document)").format(what=what)


def of_system(error: Exception) -> str:
    """What the operating system refuses; of another error, what it says."""
    from socket import gaierror  # noqa: PLC0415 most settings are right
    from ssl import SSLError  # noqa: PLC0415 as above

    if not isinstance(error, OSError) or isinstance(error, SSLError):  # OpenSSL counts its own way
        return str(error)
    if isinstance(error, gaierror):
        return _("this name is not known here")
    known = SYSTEM.get(errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno or 0)
    return _(known) if known else error.strerror or str(error)


def _syntax(said: str) -> str:
    if said in SYNTAX:
        return _(said)
    for pattern, words in SAYING.items():
        if match := re.fullmatch(pattern, said):
            return _(words).format(**match.groupdict())
    return said
