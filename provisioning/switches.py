"""The switches that every command knows, wherever they stand on the line."""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.language import mark

FLAGS = {
    "--json": mark("one JSON document on standard output, also on failure"),
    "--no-input": mark("never ask; a missing answer ends with code 2"),
    "--dry-run": mark("check everything, change nothing"),
    "--debug": mark("show where in the program an error arose"),
}
LANG = ("--lang", mark("the language, id or en"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How this run speaks, and whether it may ask and change."""

    lang: str | None = None
    json: bool = False
    no_input: bool = False
    dry_run: bool = False
    debug: bool = False
    rest: tuple[str, ...] = ()


def take(arguments: Sequence[str]) -> Switches:
    """The switches among `arguments`, and the rest in its order; after `--` nothing is a switch."""
    flags, lang, rest = set(), None, []
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif word in FLAGS:
            flags.add(word)
        elif name == LANG[0]:
            lang = value if equals else next(words, "")
        else:
            rest.append(word)
    return Switches(
        lang=lang,
        json="--json" in flags,
        no_input="--no-input" in flags,
        dry_run="--dry-run" in flags,
        debug="--debug" in flags,
        rest=tuple(rest),
    )
