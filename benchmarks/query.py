"""One asset's last day among ten million readings, asked as a person asks, on either store."""

import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import psycopg

from benchmarks.city import STORES, OpenStore, StoreKind, open_store
from benchmarks.figure import Figure, Run, at_most, load, spread
from benchmarks.filling import ORIGIN_MS, fill
from benchmarks.rounds import ROUND_MS
from broker_bridge.opening import opened_store
from broker_bridge.stores.statements import Answer

ROUNDS = 10_000  # 28 hours of a round each 10 s: 10,000,000 readings
DAY_ROWS = 86_400_000 // ROUND_MS
REPEATS = 20
LIMIT_MS = 50.0
ASSET = "TPS-0007"

_ASKED = "SELECT observed_at, quantity, value, unit, quality, time_quality FROM readings WHERE"
QUESTIONS: dict[StoreKind, str] = {
    "sqlite": f"{_ASKED} asset = ? AND observed_ms >= ? ORDER BY observed_ms",
    "postgresql": f"{_ASKED} asset = %s AND observed_at >= %s ORDER BY observed_at",
}


class Asked(Protocol):
    """A store that answers a person's SELECT."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> Answer:
        """The answer."""
        ...


def measure(run: Run) -> Iterator[Figure]:
    """Warm: the question has been asked before."""
    for kind in STORES:
        folder = run.folder / kind
        folder.mkdir()
        with open_store(kind, folder) as place, opened_store(place.settings) as store:
            fill(run, kind, store, rounds=ROUNDS)
            _tend(place)
            run.say(f"{kind}: asking {REPEATS} times")
            took_ms = _ask(kind, store)
        yield Figure(
            name=f"query.last_day_{kind}",
            value=statistics.median(took_ms),
            unit="ms",
            target=at_most(LIMIT_MS),
            detail=f"{spread(took_ms, digits=1)}; {DAY_ROWS:,} rows of one waste bin from the view"
            f" `readings`, with names and units, into Python; {load()}",
        )


def _tend(place: OpenStore) -> None:
    """What PostgreSQL's autovacuum does by itself within a minute."""
    if place.postgres:
        with psycopg.connect(place.postgres.conninfo(), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _ask(kind: StoreKind, store: Asked) -> list[float]:
    since_ms = ORIGIN_MS + (ROUNDS - DAY_ROWS) * ROUND_MS
    since = since_ms if kind == "sqlite" else datetime.fromtimestamp(since_ms / 1_000, UTC)
    took_ms = []
    for _ in range(REPEATS + 1):
        began_s = time.perf_counter()
        answer = store.query(QUESTIONS[kind], (ASSET, since))
        took_ms.append((time.perf_counter() - began_s) * 1_000)
        assert len(answer.rows) == DAY_ROWS, f"{len(answer.rows)} rows"
    return took_ms[1:]
