"""What is known of a city before anything of it is in the inventory: its land and its kelurahan."""

import difflib
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from contract.document import Section, load_document
from contract.inventory import KELURAHAN_PATTERN

OWN = "city.toml"  # in the office's folder; takes the place of what is shipped
Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Island = Annotated[list[Point], Field(min_length=3, max_length=10_000)]
Code = Annotated[str, StringConstraints(pattern=KELURAHAN_PATTERN)]


class CityPlan(Section):
    """Where the city's land is, and its kelurahan by code; nothing known is nothing checked."""

    outline: Annotated[list[Island], Field(max_length=1_000)] = []
    kelurahan: dict[Code, str] = {}

    def has(self, latitude: float, longitude: float) -> bool:
        """Whether the place may be in this city."""
        return not self.outline or any(
            _inside(island, latitude, longitude) for island in self.outline
        )

    def nearest(self, text: str) -> str:
        """The kelurahan that was meant: by its name if that was written, else by its code."""
        names = {name.casefold(): code for code, name in self.kelurahan.items()}
        word = text.casefold()
        code = names.get(word)
        if code is None and any(letter.isalpha() for letter in text):
            code = names[difflib.get_close_matches(word, names, n=1, cutoff=0.0)[0]]
        if code is None:
            code = difflib.get_close_matches(text, self.kelurahan, n=1, cutoff=0.0)[0]
        return f"{code} ({self.kelurahan[code]})"


def plan_of(city: str, folder: Path) -> CityPlan:
    """The office's own plan, or the one shipped for a city of that name, or an empty one."""
    own = folder / OWN
    if own.is_file():
        return load_document(CityPlan, own.read_text(encoding="utf-8"), name=str(own))
    shipped = files(__package__) / "cities" / f"{city}.toml"
    if shipped.is_file():
        return load_document(CityPlan, shipped.read_text(encoding="utf-8"), name=shipped.name)
    return CityPlan()


def _inside(island: list[list[float]], latitude: float, longitude: float) -> bool:
    """Whether a line from here to the east crosses the border an odd number of times."""
    inside = False
    for (lat, lon), (next_lat, next_lon) in zip(island, [*island[1:], island[0]], strict=True):
        if (lat > latitude) == (next_lat > latitude):
            continue
        if longitude < lon + (latitude - lat) * (next_lon - lon) / (next_lat - lat):
            inside = not inside
    return inside
