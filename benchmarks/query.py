"""One asset's last day among ten million readings, asked as a person asks, on either store."""

import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import psycopg

from benchmarks.city import STORES, OpenStore, StoreKind, open_store
from benchmarks.figure import Figure, Run, at_most, load, spread
from benchmarks.rounds import FULL, ROUND_MS, Rounds, values_a_round
from broker_bridge.opening import CityStore, opened_store
from broker_bridge.store import NewBatch, Stream
from broker_bridge.stores.statements import Answer
from contract.codec import Key, decode_model, encode_body, inflate
from contract.identity import BootId, Epoch, GatewayId
from contract.messages import BatchBody, Counts, Origin

GATEWAYS = 5
ROUNDS = 10_000  # 28 hours of a round each 10 s: 10,000,000 readings with 200 a round
DISTINCT = 50  # rounds whose values are repeated
ROUNDS_A_COMMIT = 40
DAY_ROWS = 86_400_000 // ROUND_MS
REPEATS = 20
LIMIT_MS = 50.0
ASSET = "TPS-0007"
ORIGIN_MS = 1_795_000_000_000
BOOT, EPOCH = BootId("00000000000000b1"), Epoch("00000000000000e1")

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
            _fill(run, kind, store)
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


def _fill(run: Run, kind: StoreKind, store: CityStore) -> None:
    bodies = {_gateway(number): _bodies(number) for number in range(1, GATEWAYS + 1)}
    for first in range(0, ROUNDS, ROUNDS_A_COMMIT):
        if first % 1_000 == 0:
            run.say(f"{kind}: {first * GATEWAYS * values_a_round(FULL):,} readings stored")
        with store.transaction() as transaction:
            transaction.lock(sorted(bodies))
            streams = transaction.streams([(gateway, EPOCH) for gateway in bodies])
            if not first:
                origin = Origin(boot=BOOT, origin_ms=ORIGIN_MS, uncertainty_ms=20, revision=1)
                transaction.date([(gateway, origin) for gateway in bodies])
            transaction.commit_batches(
                [
                    _batch(streams[gateway, EPOCH], gateway, round_, bodies[gateway])
                    for round_ in range(first, first + ROUNDS_A_COMMIT)
                    for gateway in bodies
                ]
            )


def _gateway(number: int) -> GatewayId:
    return GatewayId(f"bb-{number:04}")


def _bodies(number: int) -> list[BatchBody]:
    rounds = Rounds(FULL, gateway=number, start_ms=0)
    return [
        decode_model(
            BatchBody,
            inflate(encode_body(rounds.take(), (), boot=BOOT, sealed_before=Counts())),
        )
        for _ in range(DISTINCT)
    ]


def _batch(
    stream: Stream, gateway: GatewayId, round_: int, bodies: Sequence[BatchBody]
) -> NewBatch:
    body = bodies[round_ % DISTINCT]
    start_ms = body.base_ms % ROUND_MS + round_ * ROUND_MS
    return NewBatch(
        stream=stream,
        key=Key(gateway=gateway, epoch=EPOCH, n=round_ + 1),
        sha256=f"{round_:064x}",
        body=body.model_copy(update={"base_ms": start_ms}),
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
