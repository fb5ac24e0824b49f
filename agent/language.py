"""What a person at the gateway reads is in their language; the log and the city read English."""

from collections.abc import Mapping
from pathlib import Path

from contract import wording
from contract.spoken import LANGUAGES

OWN = wording.Catalogue("nadi-agent", Path(__file__).parent / "locale")
_ = OWN.said
mark = wording.mark


def use(environ: Mapping[str, str]) -> None:
    """Speak what NADI_LANG says from now on, otherwise English."""
    wish = environ.get("NADI_LANG", "")
    language = wish if wish in LANGUAGES else "en"
    OWN.use(language)
    wording.OWN.use(language)
