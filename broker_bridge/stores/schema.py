"""The numbered migrations of each store, forward only, one transaction each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from broker_bridge.errors import StoreGone, StoreNewer
from broker_bridge.language import mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema: after it the store has this version."""

    version: int
    name: str
    sql: str


@cache
def migrations_of(store: str) -> tuple[Migration, ...]:
    """All migrations of `sqlite` or `postgresql`, ascending."""
    folder = files("broker_bridge.stores") / "migrations" / store
    found = (
        Migration(version=int(path.name[:4]), name=path.name, sql=path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".sql")
    )
    return tuple(sorted(found, key=lambda migration: migration.version))


def pending(all_of: Sequence[Migration], version: int, *, where: str) -> Sequence[Migration]:
    """The migrations after `version`; raises StoreNewer if this program knows no such version."""
    newest = all_of[-1].version
    if version > newest:
        raise StoreNewer(
            mark("{where} has schema version {version}, this program knows {newest} at most"),
            hint=mark("start the newer program that wrote it, or update this one"),
            where=where,
            version=version,
            newest=newest,
        )
    return [migration for migration in all_of if migration.version > version]


def foreign(where: str) -> StoreGone:
    """Another program's database was opened."""
    return StoreGone(
        mark("{where} is not a Nadi Kota store: another program's tables are in it"),
        hint=mark("name an empty database, or the one this city has used before"),
        where=where,
    )
