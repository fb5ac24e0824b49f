"""Every sentence is in the language that was chosen before any of them was made.

Order: `--lang`, NADI_LANG, the fleet's setting, the environment as gettext reads it, Indonesian.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from contract import spoken as forms
from contract import wording
from contract.wording import Marked, mark

__all__ = ["Marked", "mark"]

LANGUAGES = forms.LANGUAGES
DEFAULT = "id"
OWN = wording.Catalogue("nadi", Path(__file__).parent / "locale")
_ = OWN.said
plural = OWN.plural
FLEET_SETTINGS = Path("/etc/nadi/nadi.toml")


_of_causes = "en"


def chosen(
    switch: str | None, environ: Mapping[str, str], *, settings: Path = FLEET_SETTINGS
) -> str:
    """The language to speak."""
    for wish in (switch, environ.get("NADI_LANG"), _of_fleet(settings)):
        if wish in LANGUAGES:
            return wish
    return _of_environment(environ) or DEFAULT


def use(language: str, *, causes: str | None = None) -> None:
    """Speak this language from now on; call it before any command is imported.

    `causes` is that of what settings and the agent say, if it is another.
    """
    global _of_causes  # noqa: PLW0603 one process speaks one language
    _of_causes = causes or language
    OWN.use(language)
    wording.OWN.use(_of_causes)


def spoken() -> str:
    """The language in use."""
    return OWN.language


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program whose sentences become causes of ours."""
    return {**environ, "NADI_LANG": _of_causes}


_SPANS = {
    "s": mark("{count} s"),
    "min": mark("{count} min"),
    "h": mark("{count} h"),
    "d": mark("{count} d"),
}


def number(value: int) -> str:
    """1,204 or 1.204."""
    return forms.number(value, OWN.language)


def day(moment: datetime, zone: tzinfo | None = None) -> str:
    """21 Nov 2026, where we are."""
    return forms.day(moment.astimezone(zone), OWN.language)


def clock(moment: datetime, zone: tzinfo | None = None) -> str:
    """19:05 or 19.05, where we are."""
    return forms.clock(moment.astimezone(zone), OWN.language)


def span(length: timedelta) -> str:
    """40 s, 12 min, 3 h or 31 d: so much that a person can plan with it."""
    unit, count = forms.span(length.total_seconds())
    return _(_SPANS[unit]).format(count=number(count))


def _of_fleet(settings: Path) -> str | None:
    try:
        text = settings.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    import tomllib  # noqa: PLC0415 only a fleet with settings pays for it

    try:
        language = tomllib.loads(text).get("language")
    except tomllib.TOMLDecodeError:
        return None
    return language if isinstance(language, str) else None


def _of_environment(environ: Mapping[str, str]) -> str | None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for wish in environ.get(name, "").split(":"):
            language = wish.partition(".")[0].partition("_")[0].lower()
            if language in LANGUAGES:
                return language
    return None
