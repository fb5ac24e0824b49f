"""Sentences in the language of whoever reads them; English until a program chooses another."""

import gettext
from pathlib import Path


class Catalogue:
    """One program's sentences; its file is opened when the first is said in another language."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._language = "en"
        self._translations: gettext.NullTranslations | None = None

    def use(self, language: str) -> None:
        """Speak this language from now on."""
        self._language, self._translations = language, None

    def said(self, message: str) -> str:
        """The message in the language in use."""
        if self._language == "en":
            return message
        if self._translations is None:
            self._translations = gettext.translation(
                self._program, self._folder, [self._language], fallback=True
            )
        return self._translations.gettext(message)


class Marked(str):
    """A message in English that is translated later, where it is said."""

    __slots__ = ()


def mark(message: str) -> Marked:
    """The message, to be translated where it is said."""
    return Marked(message)


OWN = Catalogue("nadi-contract", Path(__file__).parent / "locale")
_ = OWN.said
