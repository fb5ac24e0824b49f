"""Numbers, days and times of day as Indonesian and English write them."""

from datetime import date, datetime

LANGUAGES = ("id", "en")
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
}


def number(value: int, language: str) -> str:
    """1,204 or 1.204."""
    return f"{value:,}".replace(",", "." if language == "id" else ",")


def decimal(value: float, language: str, *, digits: int = 1) -> str:
    """1,204.5 or 1.204,5."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "id" else text


def day(moment: date, language: str) -> str:
    """21 Nov 2026; a moment must be in the zone where it is read."""
    return f"{moment.day} {_MONTHS[language][moment.month - 1]} {moment.year}"


def clock(moment: datetime, language: str) -> str:
    """19:05 or 19.05; a moment must be in the zone where it is read."""
    return f"{moment.hour:02}{'.' if language == 'id' else ':'}{moment.minute:02}"


def span(length_s: float) -> tuple[str, int]:
    """In what a person plans with such a length, `s`, `min`, `h` or `d`, and how many of it."""
    seconds = round(length_s)
    if seconds < _MINUTE_S:
        return "s", seconds
    if seconds < _HOUR_S:
        return "min", seconds // _MINUTE_S
    if seconds < 2 * _DAY_S:
        return "h", seconds // _HOUR_S
    return "d", seconds // _DAY_S
