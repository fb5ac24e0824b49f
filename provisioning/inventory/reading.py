"""Rows of a list become entries of the inventory, or faults that name their cell."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from contract.identity import Kind
from provisioning.inventory import faults
from provisioning.inventory.book import Entry
from provisioning.inventory.city import CityPlan
from provisioning.inventory.faults import Fault
from provisioning.inventory.table import Row
from provisioning.names import NAME

MAX_TITLE = 200
EXAMPLES = {"latitude": "-5.4702", "longitude": "122.5969"}
KINDS: Mapping[str, Kind] = {
    **{kind.value: kind for kind in Kind},
    "lampu_jalan": Kind.STREETLIGHT,
    "pju": Kind.STREETLIGHT,
    "tempat_sampah": Kind.WASTE_BIN,
    "kamera": Kind.CAMERA,
    "titik_akses": Kind.ACCESS_POINT,
    "panel": Kind.CABINET,
    "sakelar": Kind.SWITCH,
}
_NUMBER = re.compile(r"[-+]?\d{1,9}([.,]\d{1,15})?")
_LIMITS = {"latitude": 90.0, "longitude": 180.0}


class _Wrong(Exception):
    """This cell cannot be used."""

    def __init__(self, column: str, flaw: faults.Flaw, **values: str | int) -> None:
        super().__init__(column)
        self.column, self.flaw, self.values = column, flaw, values


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """Where the list is from, and what is in the inventory already."""

    name: str
    plan: CityPlan
    there: Mapping[str, Entry]


def read_rows(rows: tuple[Row, ...], city: City) -> tuple[list[Entry], list[Fault]]:
    """What the rows say, in their order, and every fault."""
    entries: list[Entry] = []
    found: list[Fault] = []
    lines: dict[str, int] = {}
    letters = {name.casefold(): name for name in city.there}
    for row in rows:
        try:
            entry = _entry(row, city)
            _check_new(entry, lines, letters, city)
        except _Wrong as wrong:
            values = wrong.values
            found.append(Fault(line=row.line, column=wrong.column, flaw=wrong.flaw, values=values))
            continue
        lines[entry.id.casefold()] = row.line
        entries.append(entry)
    found += _gateways_that_are_assets(entries, lines)
    return entries, sorted(found, key=lambda fault: fault.line)


def _gateways_that_are_assets(entries: list[Entry], lines: dict[str, int]) -> list[Fault]:
    kinds = {entry.id: entry.kind for entry in entries}
    return [
        Fault(
            line=lines[entry.id.casefold()],
            column="gateway",
            flaw=faults.OTHER_KIND,
            values={"value": entry.gateway, "kind": kinds[entry.gateway]},
        )
        for entry in entries
        if entry.gateway and kinds.get(entry.gateway, Kind.GATEWAY) is not Kind.GATEWAY
    ]


def _entry(row: Row, city: City) -> Entry:
    """The inventory's entry as the row wants it; columns that the list lacks stay as they were."""
    name = _name(row.cells["id"], "id")
    kind = _kind(row.cells["kind"])
    latitude, longitude = _place(row.cells, city)
    entry = replace(
        city.there.get(name) or Entry(id=name, kind=kind),
        kind=kind,
        latitude=latitude,
        longitude=longitude,
    )
    if "name" in row.cells:
        entry = replace(entry, name=_title(row.cells["name"]))
    if "kelurahan" in row.cells:
        entry = replace(entry, kelurahan=_kelurahan(row.cells["kelurahan"], city))
    if "gateway" in row.cells and not entry.is_gateway:
        gateway = row.cells["gateway"]
        entry = replace(entry, gateway=_name(gateway, "gateway") if gateway else None)
    return entry


def _check_new(entry: Entry, lines: dict[str, int], letters: dict[str, str], city: City) -> None:
    """Against the lines before it and the inventory."""
    if (first := lines.get(entry.id.casefold())) is not None:
        raise _Wrong("id", faults.TWICE, value=entry.id, first=first)
    same = letters.get(entry.id.casefold())
    if same is not None and same != entry.id:
        raise _Wrong("id", faults.SAME_LETTERS, value=entry.id, other=same)
    there = city.there.get(entry.id)
    if there is not None and there.is_gateway != entry.is_gateway:
        raise _Wrong("id", faults.OTHER_KIND, value=entry.id, kind=there.kind)
    if there is not None and there.retired:
        raise _Wrong("id", faults.RETIRED, value=entry.id)
    if entry.gateway is None:
        return
    same = letters.setdefault(entry.gateway.casefold(), entry.gateway)
    if same != entry.gateway:
        raise _Wrong("gateway", faults.SAME_LETTERS, value=entry.gateway, other=same)
    gateway = city.there.get(entry.gateway)
    if gateway is not None and not gateway.is_gateway:
        raise _Wrong("gateway", faults.OTHER_KIND, value=entry.gateway, kind=gateway.kind)
    if gateway is not None and gateway.retired:
        raise _Wrong("gateway", faults.RETIRED, value=entry.gateway)


def _name(text: str, column: str) -> str:
    if not text:
        raise _Wrong(column, faults.EMPTY)
    if not NAME.fullmatch(text):
        proposal = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:64] or "PJU-0001"
        raise _Wrong(column, faults.NO_NAME, value=text[:80], proposal=proposal)
    return text


def _kind(text: str) -> Kind:
    word = re.sub(r"[\s-]+", "_", text.casefold())
    if word not in KINDS:
        nearest = difflib.get_close_matches(word, KINDS, n=1, cutoff=0.0)[0]
        raise _Wrong("kind", faults.NO_KIND, value=text[:80], nearest=nearest)
    return KINDS[word]


def _place(cells: Mapping[str, str], city: City) -> tuple[float, float]:
    latitude, longitude = (_degrees(cells[column], column) for column in EXAMPLES)
    place = {"latitude": str(latitude), "longitude": str(longitude)}
    fits = abs(latitude) <= _LIMITS["latitude"] and abs(longitude) <= _LIMITS["longitude"]
    if fits and city.plan.has(latitude, longitude):
        return latitude, longitude
    swapped = abs(longitude) <= _LIMITS["latitude"] and abs(latitude) <= _LIMITS["longitude"]
    if swapped and city.plan.has(longitude, latitude):
        turned = {"latitude": place["longitude"], "longitude": place["latitude"]}
        raise _Wrong("latitude", faults.SWAPPED, **turned)
    for column, value in (("latitude", latitude), ("longitude", longitude)):
        if abs(value) > _LIMITS[column]:
            raise _Wrong(column, faults.TOO_FAR, value=str(value), example=EXAMPLES[column])
    if latitude > 0 and city.plan.has(-latitude, longitude):
        raise _Wrong("latitude", faults.NO_SIGN, **place)
    raise _Wrong("latitude", faults.OUTSIDE, **place, city=city.name)


def _degrees(text: str, column: str) -> float:
    if not text:
        raise _Wrong(column, faults.EMPTY)
    plain = text.replace("\N{MINUS SIGN}", "-")
    if not _NUMBER.fullmatch(plain):
        raise _Wrong(column, faults.NO_NUMBER, value=text[:80], example=EXAMPLES[column])
    return float(plain.replace(",", "."))


def _title(text: str) -> str:
    if len(text) > MAX_TITLE or not text.isprintable():
        raise _Wrong("name", faults.LONG, limit=MAX_TITLE)
    return text


def _kelurahan(text: str, city: City) -> str:
    if not text or text in city.plan.kelurahan:
        return text
    if city.plan.kelurahan:
        nearest = city.plan.nearest(text)
        raise _Wrong(
            "kelurahan", faults.NO_KELURAHAN, value=text[:80], city=city.name, nearest=nearest
        )
    if not re.fullmatch(r"\d{2}\.\d{2}\.\d{2}\.\d{4}", text):
        raise _Wrong(
            "kelurahan",
            faults.NO_KELURAHAN,
            value=text[:80],
            city=city.name,
            nearest="74.72.06.1007",
        )
    return text
