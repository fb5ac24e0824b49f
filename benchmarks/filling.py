"""A store of either kind with rounds of five gateways, committed as the ingest commits them."""

from collections.abc import Sequence

from benchmarks.city import StoreKind
from benchmarks.figure import Run
from benchmarks.rounds import FULL, ROUND_MS, Rounds, values_a_round
from broker_bridge.opening import CityStore
from broker_bridge.store import NewBatch, Stream
from contract.codec import Key, decode_model, encode_body, inflate
from contract.identity import BootId, Epoch, GatewayId
from contract.messages import BatchBody, Counts, Origin

GATEWAYS = 5
READINGS_A_ROUND = GATEWAYS * values_a_round(FULL)
DISTINCT = 50  # rounds whose values are repeated
ROUNDS_A_COMMIT = 40
ORIGIN_MS = 1_795_000_000_000
BOOT, EPOCH = BootId("00000000000000b1"), Epoch("00000000000000e1")


def fill(run: Run, kind: StoreKind, store: CityStore, *, rounds: int) -> None:
    """Every gateway has a round each ROUND_MS, from ORIGIN_MS on."""
    bodies = {_gateway(number): _bodies(number) for number in range(1, GATEWAYS + 1)}
    for first in range(0, rounds, ROUNDS_A_COMMIT):
        if first % 1_000 == 0:
            run.say(f"{kind}: {first * READINGS_A_ROUND:,} readings stored")
        with store.transaction() as transaction:
            transaction.lock(sorted(bodies))
            streams = transaction.streams([(gateway, EPOCH) for gateway in bodies])
            if not first:
                origin = Origin(boot=BOOT, origin_ms=ORIGIN_MS, uncertainty_ms=20, revision=1)
                transaction.date([(gateway, origin) for gateway in bodies])
            transaction.commit_batches(
                [
                    _batch(streams[gateway, EPOCH], gateway, round_, bodies[gateway])
                    for round_ in range(first, min(first + ROUNDS_A_COMMIT, rounds))
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
