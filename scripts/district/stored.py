"""What the city store holds, counted row by row with plain SQL and not by the bridge."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from broker_bridge.config import StoreSettings
from contract.identity import Epoch, GatewayId

# A name in both stores' views and tables, except for how PostgreSQL keeps an instant.
READINGS = """
SELECT g.name, s.epoch, b.n, a.name, q.name, {observed} - o.origin_ms, r.value
FROM reading r
JOIN batch b ON b.id = r.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id JOIN boot o ON o.id = b.boot_id
JOIN asset a ON a.id = r.asset_id JOIN quantity q ON q.id = r.quantity_id
UNION ALL
SELECT g.name, s.epoch, b.n, a.name, q.name, u.at_ms, u.value
FROM undated u
JOIN batch b ON b.id = u.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id
JOIN asset a ON a.id = u.asset_id JOIN quantity q ON q.id = u.quantity_id
"""
EVENTS = """
SELECT g.name, s.epoch, b.n, count(*)
FROM event e
JOIN batch b ON b.id = e.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id GROUP BY 1, 2, 3
"""
REJECTIONS = """
SELECT g.name, s.epoch, x.n
FROM rejection x JOIN stream s ON s.id = x.stream_id JOIN gateway g ON g.id = s.gateway_id
"""
COMMITTED = """
SELECT g.name, sum(b.readings)
FROM batch b JOIN stream s ON s.id = b.stream_id JOIN gateway g ON g.id = s.gateway_id
GROUP BY 1
"""

OBSERVED = {
    "sqlite": "r.observed_ms",
    "postgresql": "(extract(epoch FROM r.observed_at) * 1000)::bigint",
}

Name = tuple[GatewayId, Epoch, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """One row; `at_ms` is of its boot's clock, as near as its date says."""

    batch: Name
    asset: str
    quantity: str
    at_ms: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Everything a judge must see."""

    readings: tuple[StoredReading, ...]
    events: Mapping[Name, int]
    rejected: frozenset[Name]


class CityStore:
    """A second, reading pair of eyes on the store that a bridge writes."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings

    def read(self) -> Stored:
        """Everything, as of now."""
        with self._rows() as rows:
            return Stored(
                readings=tuple(
                    map(_reading, rows(READINGS.format(observed=OBSERVED[self._settings.kind])))
                ),
                events={_name(row): int(row[3]) for row in rows(EVENTS)},
                rejected=frozenset(map(_name, rows(REJECTIONS))),
            )

    def committed(self) -> Mapping[GatewayId, int]:
        """Readings of each gateway; none while the store cannot be asked."""
        try:
            with self._rows() as rows:
                return {GatewayId(name): int(count) for name, count in rows(COMMITTED)}
        except (sqlite3.OperationalError, psycopg.OperationalError):
            return {}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a person's question."""
        with self._rows() as rows:
            return list(rows(sql))

    @contextmanager
    def _rows(self) -> Iterator[Any]:
        if self._settings.kind == "sqlite":
            with closing(sqlite3.connect(_read_only(self._settings.path), uri=True)) as lite:
                yield lite.execute
        else:
            with psycopg.connect(self._settings.conninfo, autocommit=True) as postgres:
                yield postgres.execute


def _read_only(path: str) -> str:
    return f"{Path(path).resolve().as_uri()}?mode=ro"


def _name(row: tuple[Any, ...]) -> Name:
    return GatewayId(row[0]), Epoch(row[1]), int(row[2])


def _reading(row: tuple[Any, ...]) -> StoredReading:
    return StoredReading(
        batch=_name(row),
        asset=str(row[3]),
        quantity=str(row[4]),
        at_ms=int(row[5]),
        value=float(row[6]),
    )
