"""The city's list in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

from broker_bridge.store import AssetName
from broker_bridge.stores.registry import Known, Line, NewRegistry, changed, is_new, lines
from contract.identity import AssetId, Kind

_KNOWN = "SELECT number, sha256 FROM registry ORDER BY number DESC LIMIT 1"
_STATE = "CASE WHEN retired THEN 'retired' WHEN registered THEN 'listed' ELSE 'unlisted' END"
_LINES = f"""
SELECT 'gateway', name, {_STATE}, title, latitude, longitude, kelurahan, '' FROM gateway
UNION ALL
SELECT kind, name, {_STATE}, title, latitude, longitude, kelurahan, planned_gateway FROM asset
"""  # noqa: S608 - made of constants
_SET_GATEWAY = """
INSERT INTO gateway (name, registered, retired, title, latitude, longitude, kelurahan)
VALUES (%(name)s, %(registered)s, %(retired)s, %(title)s, %(latitude)s, %(longitude)s,
    %(kelurahan)s)
ON CONFLICT (name) DO UPDATE SET registered = excluded.registered, retired = excluded.retired,
    title = excluded.title, latitude = excluded.latitude, longitude = excluded.longitude,
    kelurahan = excluded.kelurahan
"""
_SET_ASSET = """
INSERT INTO asset
    (kind, name, registered, retired, title, latitude, longitude, kelurahan, planned_gateway)
VALUES (%(kind)s, %(name)s, %(registered)s, %(retired)s, %(title)s, %(latitude)s,
    %(longitude)s, %(kelurahan)s, %(planned_gateway)s)
ON CONFLICT (kind, name) DO UPDATE SET registered = excluded.registered,
    retired = excluded.retired, title = excluded.title, latitude = excluded.latitude,
    longitude = excluded.longitude, kelurahan = excluded.kelurahan,
    planned_gateway = excluded.planned_gateway
"""
_ADD = "INSERT INTO registry (number, sha256, published_at) VALUES (%s, %s, %s)"
_ADD_CHANGE = """
INSERT INTO registry_change
    (number, kind, name, state, title, latitude, longitude, kelurahan, planned_gateway)
VALUES (%(number)s, %(kind)s, %(name)s, %(state)s, %(title)s, %(latitude)s, %(longitude)s,
    %(kelurahan)s, %(planned_gateway)s)
"""
_RETIRED = """
SELECT 'gateway', name FROM gateway WHERE retired
UNION ALL SELECT kind, name FROM asset WHERE retired ORDER BY 1, 2
"""


def known(cursor: Cursor[Any]) -> Known:
    """The newest that was loaded."""
    row = cursor.execute(_KNOWN).fetchone()
    return Known(number=row[0], sha256=row[1]) if row else Known()


def load(cursor: Cursor[Any], registry: NewRegistry) -> Sequence[Line] | None:
    """What it changed; None if it is there already. Raises RegistryRefused."""
    if not is_new(known(cursor), registry):
        return None
    differing = changed(lines(cursor.execute(_LINES)), registry)
    cursor.execute(_ADD, (registry.number, registry.sha256, registry.published_at))
    rows = [{"number": registry.number, **line.row()} for line in differing]
    cursor.executemany(_SET_GATEWAY, [row for row in rows if row["kind"] == Kind.GATEWAY])
    cursor.executemany(_SET_ASSET, [row for row in rows if row["kind"] != Kind.GATEWAY])
    cursor.executemany(_ADD_CHANGE, rows)
    return differing


def retired(cursor: Cursor[Any]) -> list[AssetName]:
    """Gateways and assets that are gone for good, sorted."""
    return [(Kind(kind), AssetId(name)) for kind, name in cursor.execute(_RETIRED)]
