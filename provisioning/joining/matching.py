"""What was found on the lines meets what the office planned: same kind, in order, once each."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.discovery import Found, FoundDevice, FoundHost
from contract.identity import Kind
from contract.inventory import AssetEntry
from provisioning.errors import Trouble
from provisioning.names import checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something new was found: on which line, at which address or host."""

    target: str
    where: str
    found: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One device and the asset it is."""

    place: Place
    asset: AssetEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Pairs, and what is left over on either side."""

    pairs: tuple[Pair, ...]
    unplanned: tuple[Place, ...]
    missing: tuple[AssetEntry, ...]

    def names(self, target: str) -> dict[str, str]:
        """Of one line or network: which asset is where, with its kind."""
        here = (pair for pair in self.pairs if pair.place.target == target)
        return {pair.place.where: f"{pair.asset.kind}/{pair.asset.id}" for pair in here}


def where(found: Found) -> str:
    """As `nadi-agent discover --asset WHERE=NUMBER` has it."""
    if isinstance(found, FoundHost):
        return found.host
    assert isinstance(found, FoundDevice)
    base = f"+{found.base}" if found.base else ""
    return "alone" if found.address is None else f"{found.address}{base}"


def match(
    places: Sequence[Place], planned: Sequence[AssetEntry], said: Mapping[str, str]
) -> Matched:
    """What a person said comes first; then each device the first asset of its kind, in order."""
    left: dict[str, AssetEntry] = {asset.id: asset for asset in planned}
    pairs = []
    for name, number in said.items():
        pairs.append(Pair(place=at(name, places), asset=_planned(number, left)))
    taken = {(pair.place.target, pair.place.where) for pair in pairs}
    for place in places:
        if (place.target, place.where) in taken:
            continue
        asset = next((one for one in left.values() if _fits(place.found, one)), None)
        if asset is not None:
            pairs.append(Pair(place=place, asset=left.pop(asset.id)))
    paired = [pair.place for pair in pairs]
    return Matched(
        pairs=tuple(pairs),
        unplanned=tuple(place for place in places if place not in paired),
        missing=tuple(left.values()),
    )


def given(words: Sequence[str], *, command: str) -> dict[str, str]:
    """WHERE=NUMBER, each; raises Trouble."""
    names = {}
    for word in words:
        name, sign, number = word.rpartition("=")
        if not sign or not name or not number:
            raise Trouble("E-USAGE-04", option="--asset", command=command)
        kind, _slash, asset = number.rpartition("/")
        checked(asset if kind in list(Kind) else number)
        names[name] = number
    return names


def _fits(found: Found, asset: AssetEntry) -> bool:
    return (found.kind or Kind.STREETLIGHT) is asset.kind


def at(name: str, places: Sequence[Place]) -> Place:
    """The place that a person named, with its line before a colon where it must be told apart."""
    fitting = [one for one in places if name in (one.where, f"{one.target}:{one.where}")]
    if len(fitting) != 1:
        known = ", ".join(f"{one.target}:{one.where}" for one in places) or "-"
        raise Trouble("E-ENROL-03", name=name, known=known)
    return fitting[0]


def _planned(number: str, left: dict[str, AssetEntry]) -> AssetEntry:
    if number not in left:
        near = difflib.get_close_matches(number, left, n=1, cutoff=0.5) or list(left) or ["-"]
        raise Trouble("E-ENROL-04", asset=number, nearest=", ".join(near))
    return left.pop(number)
