"""What can be wrong with one cell of a list: what, and what to write instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioning.language import Marked, _, mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One way to be wrong, in English."""

    what: Marked
    fix: Marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """It happened here; lines count from 1, the header is one."""

    line: int
    column: str
    flaw: Flaw
    values: Mapping[str, str | int] = field(default_factory=dict)

    def said(self) -> str:
        """In the language in use."""
        text = _("Line {line}, {column}:") if self.column else _("Line {line}:")
        where = text.format(line=self.line, column=self.column)
        what, fix = (_(text).format(**self.values) for text in (self.flaw.what, self.flaw.fix))
        return f"{where} {what} {fix}"

    def fact(self) -> dict[str, str | int]:
        """The same for programs, in English."""
        return {
            "line": self.line,
            "column": self.column,
            "what": self.flaw.what.format(**self.values),
            "fix": self.flaw.fix.format(**self.values),
        }


EMPTY = Flaw(what=mark("it is empty."), fix=mark("Write a value."))
NO_NAME = Flaw(
    what=mark("{value!r} is no name: letters, digits, dots, underscores and hyphens only."),
    fix=mark("Write {proposal}, for example."),
)
NO_KIND = Flaw(what=mark("there is no kind {value!r}."), fix=mark("Write {nearest}."))
NO_NUMBER = Flaw(what=mark("{value!r} is no number."), fix=mark("Write degrees such as {example}."))
TOO_FAR = Flaw(
    what=mark("{value} is more degrees than there are."),
    fix=mark("Write degrees such as {example}."),
)
SWAPPED = Flaw(
    what=mark("latitude and longitude are swapped."),
    fix=mark("Write {latitude} as latitude and {longitude} as longitude."),
)
NO_SIGN = Flaw(
    what=mark("{latitude}, {longitude} is on the other side of the equator."),
    fix=mark("Write -{latitude} as latitude."),
)
OUTSIDE = Flaw(
    what=mark("{latitude}, {longitude} is in the sea or outside {city}."),
    fix=mark("Measure it again; city.toml in the office's folder can widen the bounds."),
)
NO_KELURAHAN = Flaw(
    what=mark("there is no kelurahan {value!r} in {city}."), fix=mark("Write {nearest}.")
)
LONG = Flaw(
    what=mark("it has more than {limit} characters or a control character."),
    fix=mark("Shorten it."),
)
TWICE = Flaw(
    what=mark("{value} stands on line {first} already."), fix=mark("Delete one of the two lines.")
)
OTHER_KIND = Flaw(
    what=mark("{value} is the number of a {kind}."),
    fix=mark("Write another one."),
)
SAME_LETTERS = Flaw(
    what=mark("{value} differs from {other} in capital letters only."),
    fix=mark("Write {other}."),
)
RETIRED = Flaw(
    what=mark("{value} is retired."), fix=mark("Delete the line, or give it a new number.")
)
CELLS = Flaw(
    what=mark("it has {count} cells, the first line has {wanted}."),
    fix=mark("Put text that holds a separator between double quotes."),
)
QUOTES = Flaw(
    what=mark("its double quotes do not pair."), fix=mark("Close them, or write them twice.")
)
