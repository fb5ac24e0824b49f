"""The city's list as a store takes it: whole, newer than the last, with what it changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from broker_bridge.errors import RegistryRefused
from broker_bridge.language import mark
from contract.identity import Kind

State = Literal["listed", "unlisted", "retired"]
Name = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How the list has one gateway or asset; an unlisted one stays in the store."""

    kind: str
    name: str
    state: State
    title: str = ""
    latitude: float | None = None
    longitude: float | None = None
    kelurahan: str = ""
    planned_gateway: str = ""

    @property
    def key(self) -> Name:
        """By which it is known."""
        return self.kind, self.name

    def row(self) -> dict[str, str | float | bool | None]:
        """For both stores' statements."""
        return {
            "kind": self.kind,
            "name": self.name,
            "registered": self.state == "listed",
            "retired": self.state == "retired",
            "state": self.state,
            "title": self.title,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "kelurahan": self.kelurahan,
            "planned_gateway": self.planned_gateway,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRegistry:
    """A registry whose signature was found good, and the hash of its file."""

    number: int
    sha256: str
    published_at: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The registry that the store has; 0 is none."""

    number: int = 0
    sha256: str = ""


def is_new(known: Known, registry: NewRegistry) -> bool:
    """False if the store has it already; raises RegistryRefused if it is older or another."""
    if registry.number > known.number:
        return True
    if registry.number < known.number:
        raise RegistryRefused(
            mark("registry {number} is older than registry {known}, which is loaded"),
            hint=mark("load the newest: nadi fleet publish names its file"),
            number=str(registry.number),
            known=str(known.number),
        )
    if registry.sha256 != known.sha256:
        raise RegistryRefused(
            mark("registry {known} is loaded already, and this file says something else"),
            hint=mark("two offices publish for this city: let one of them publish again"),
            known=str(known.number),
        )
    return False


def changed(before: Mapping[Name, Line], registry: NewRegistry) -> Sequence[Line]:
    """What differs from the store, sorted; what is not on the list is unlisted.

    What is listed as another kind now has moved: under its old kind it is retired.
    """
    now = {line.key: line for line in registry.lines}
    assets = {
        line.name for line in registry.lines if line.state == "listed" and line.kind != Kind.GATEWAY
    }
    left: dict[Name, State] = {
        key: "retired" if line.kind != Kind.GATEWAY and line.name in assets else "unlisted"
        for key, line in before.items()
        if key not in now
    }
    gone = (
        replace(before[key], state=state)
        for key, state in left.items()
        if before[key].state != state
    )
    new = (line for key, line in now.items() if before.get(key) != line)
    return sorted((*gone, *new), key=lambda line: line.key)


def lines(rows: Iterable[tuple[Any, ...]]) -> dict[Name, Line]:
    """From rows whose columns are in the order of Line's fields."""
    names = [field.name for field in fields(Line)]
    found = (Line(**dict(zip(names, row, strict=True))) for row in rows)
    return {line.key: line for line in found}
