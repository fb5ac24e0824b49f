"""What a command may be asked is said in the language in use, argparse's own words too."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from broker_bridge.language import _


def asked_language(line: Sequence[str]) -> str | None:
    """What follows --lang, read before the rest: help is told in that language."""
    parser = argparse.ArgumentParser(prog="nadi-bridge", add_help=False, allow_abbrev=False)
    parser.add_argument("--lang", nargs="?")
    said, _rest = parser.parse_known_args(line)
    return str(said.lang) if said.lang else None


class SpokenParser(argparse.ArgumentParser):
    """One command or all of them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(add_help=False, formatter_class=_Formatter, **settings)
        self._positionals.title = _("positional arguments")
        self._optionals.title = _("options")
        self.add_argument("-h", "--help", action="help", help=_("show this help message and exit"))


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, _("usage: ") if prefix is None else prefix)
