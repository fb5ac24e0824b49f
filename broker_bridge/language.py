"""People read their language, the city's time with its zone named, and numbers as they write them.

Order: `--lang`, NADI_LANG, the setting `language`. Programs (`--json`) read English and UTC.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from contract import spoken as forms
from contract import wording
from contract.spoken import LANGUAGES
from contract.wording import Marked, mark

__all__ = ["LANGUAGES", "Marked", "mark"]

OWN = wording.Catalogue("nadi-bridge", Path(__file__).parent / "locale")
_ = OWN.said
plural = OWN.plural
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_214_400_000  # a day before the year 10000, whatever the zone
_EARLIEST_MS = -62_135_510_400_000

_zone = ZoneInfo("UTC")


def chosen(switch: str | None, environ: Mapping[str, str], setting: str) -> str:
    """The language to speak."""
    wishes = (switch, environ.get("NADI_LANG"), setting)
    return next((wish for wish in wishes if wish in LANGUAGES), "en")


def use(language: str, zone: ZoneInfo) -> None:
    """Speak this language and tell this zone's time from now on."""
    global _zone  # noqa: PLW0603 one process tells one zone's time
    _zone = zone
    OWN.use(language)
    wording.OWN.use(language)


_SPANS = {
    "s": mark("{count} s"),
    "min": mark("{count} min"),
    "h": mark("{count} h"),
    "d": mark("{count} d"),
}


def zone() -> ZoneInfo:
    """The city's."""
    return _zone


def number(value: int) -> str:
    """1,204 or 1.204."""
    return forms.number(value, OWN.language)


def decimal(value: float, *, digits: int = 1) -> str:
    """1,204.5 or 1.204,5."""
    return forms.decimal(value, OWN.language, digits=digits)


def size(count: int) -> str:
    """14.5 GB, in the units that a disk is sold in."""
    unit, a_unit = ("GB", 1e9) if count >= 1e9 else ("MB", 1e6) if count >= 1e6 else ("kB", 1e3)
    return f"{decimal(count / a_unit)} {unit}"


def moment(at_ms: int) -> str:
    """25 Nov 2026 19:05 WITA, in the city."""
    local = (_EPOCH + timedelta(milliseconds=_shown_ms(at_ms))).astimezone(_zone)
    return f"{forms.day(local, OWN.language)} {forms.clock(local, OWN.language)} {local.tzname()}"


def day(of: date) -> str:
    """25 Nov 2026."""
    return forms.day(of, OWN.language)


def bounds_ms(of: date) -> tuple[int, int]:
    """When that day of the city begins, and when the next one does."""
    begins = (datetime(each.year, each.month, each.day, tzinfo=_zone) for each in _two_days(of))
    first, last = ((begin - _EPOCH) // timedelta(milliseconds=1) for begin in begins)
    return first, last


def span(length_s: float) -> str:
    """40 s, 12 min, 3 h or 31 d: so much that a person can plan with it."""
    unit, count = forms.span(length_s)
    return _(_SPANS[unit]).format(count=number(count))


def _two_days(of: date) -> tuple[date, date]:
    return of, of + timedelta(days=1)


def _shown_ms(at_ms: int) -> int:
    return min(max(at_ms, _EARLIEST_MS), _LATEST_MS)
