"""Sentences in the language of whoever reads them; English until a program chooses another."""

import gettext
from pathlib import Path


class Catalogue:
    """One program's sentences; its file is opened when the first is said in another language."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._translations: gettext.NullTranslations | None = None
        self.language = "en"

    def use(self, language: str) -> None:
        """Speak this language from now on."""
        self.language, self._translations = language, None

    def said(self, message: str) -> str:
        """The message in the language in use."""
        return message if self.language == "en" else self._opened().gettext(message)

    def plural(self, one: str, many: str, count: int) -> str:
        """The message for that many; `{count}` stays in it."""
        if self.language == "en":
            return one if count == 1 else many
        return self._opened().ngettext(one, many, count)

    def _opened(self) -> gettext.NullTranslations:
        if self._translations is None:
            self._translations = gettext.translation(
                self._program, self._folder, [self.language], fallback=True
            )
        return self._translations


class Marked(str):
    """A message in English that is translated later, where it is said."""

    __slots__ = ()


def mark(message: str) -> Marked:
    """The message, to be translated where it is said."""
    return Marked(message)


OWN = Catalogue("nadi-contract", Path(__file__).parent / "locale")
_ = OWN.said
