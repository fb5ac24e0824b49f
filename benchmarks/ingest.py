"""From MQTT messages to committed rows, against what PostgreSQL itself takes from a file."""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from agent.clock import KernelClock, new_token
from agent.link import MqttConnector, Post
from benchmarks.city import CITY, CityBench, open_store, spent
from benchmarks.figure import Figure, Run, at_least, load
from benchmarks.rounds import FULL, Rounds, values_a_round
from contract.codec import Header, Key, encode_body, encode_header, encode_model, sha256_of
from contract.identity import BootId, Epoch, GatewayId, Lane
from contract.messages import Counts, Origin, Status
from contract.tls import Broker, client_context
from contract.topics import Topics

BATCHES = 5_000
READINGS = BATCHES * values_a_round(FULL)
RUNS = 5
AT_ONCE = 500
DEADLINE_S = 120.0
GATEWAY = GatewayId("bb-0001")
BOOT = BootId("00000000000000b1")
OUT = "COPY (SELECT * FROM reading) TO '{file}' (FORMAT binary)"
BACK = "COPY reading FROM '{file}' (FORMAT binary)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One run: readings a second of the bridge, then of the server alone with the same rows."""

    ingest: float
    copy: float
    used: str

    @property
    def ratio(self) -> float:
        return self.ingest / self.copy


def measure(run: Run) -> Iterator[Figure]:
    """Each run: all messages wait in the broker, and the clock starts when the bridge may go on."""
    run.say(f"making {BATCHES:,} batches")
    bodies = _bodies()
    pairs = []
    with (
        open_store("postgresql", run.folder) as store,
        CityBench(run.folder, store, profile=run.profile) as city,
        psycopg.connect(store.settings.conninfo, autocommit=True) as connection,
    ):
        broker = city.gateway_settings(GATEWAY).broker
        for number in range(1, RUNS + 1):
            run.say(f"run {number} of {RUNS}: {READINGS:,} readings through MQTT, then by COPY")
            pairs.append(_pair(city, connection, broker, bodies, number * READINGS))
    middle = sorted(pairs, key=lambda pair: pair.ratio)[len(pairs) // 2]
    yield Figure(
        name="ingest.share_of_copy",
        value=statistics.median(pair.ratio for pair in pairs),
        unit="ratio",
        target=at_least(0.60),
        detail=f"{middle.ingest:,.0f} readings/s of the {middle.copy:,.0f} of COPY FROM a binary"
        f" file of the same rows into the same emptied table; ratios"
        f" {', '.join(f'{pair.ratio:.2f}' for pair in pairs)}; {middle.used}; {load()}",
    )


def _bodies() -> list[bytes]:
    rounds, before, bodies = Rounds(FULL), Counts(), []
    for _ in range(BATCHES):
        readings = rounds.take()
        bodies.append(encode_body(readings, (), boot=BOOT, sealed_before=before))
        before += Counts(readings=len(readings))
    return bodies


def _pair(
    city: CityBench,
    connection: "psycopg.Connection[tuple[object, ...]]",
    broker: Broker,
    bodies: list[bytes],
    committed: int,
) -> _Pair:
    connection.execute("TRUNCATE reading")
    connection.execute("CHECKPOINT")
    os.kill(city.bridge.pid, signal.SIGSTOP)
    asyncio.run(publish(broker, bodies))
    began_s = time.monotonic()
    os.kill(city.bridge.pid, signal.SIGCONT)
    ended_s, used = spent(
        {"bridge": city.bridge.pid, "broker": city.broker.program.pid},
        lambda: city.wait_committed(committed, deadline_s=DEADLINE_S),
    )
    rate = READINGS / (ended_s - began_s)
    return _Pair(ingest=rate, copy=_copy_rate(connection), used=used)


def _copy_rate(connection: "psycopg.Connection[tuple[object, ...]]") -> float:
    """The same rows, out to a file and timed on their way back in."""
    row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    file = f"{row[0]}/readings.bin"
    connection.execute(OUT.format(file=file).encode())
    connection.execute("TRUNCATE reading")
    connection.execute("CHECKPOINT")
    began_s = time.monotonic()
    copied = connection.execute(BACK.format(file=file).encode()).rowcount
    took_s = time.monotonic() - began_s
    assert copied == READINGS, f"{copied:,} rows in the table after the ingest"
    return READINGS / took_s


async def publish(broker: Broker, bodies: list[bytes], *, lane: Lane = Lane.BACKLOG) -> None:
    """All batches as a new epoch of the gateway, each confirmed by the broker."""
    posts = posts_of(bodies, lane=lane)
    async with connector(broker).connect() as link:
        for first in range(0, len(posts), AT_ONCE):
            some = posts[first : first + AT_ONCE]
            refusals = await asyncio.gather(*(link.publish(post) for post in some))
            assert not any(refusals), f"the broker refuses: {refusals}"


def connector(broker: Broker) -> MqttConnector:
    """How the gateway reaches it."""
    topics = Topics(CITY)
    return MqttConnector(
        broker=broker,
        tls=client_context(broker),
        identifier=GATEWAY,
        listen=topics.receipt(GATEWAY),
        will=Post(
            topic=topics.status(GATEWAY),
            payload=encode_model(Status(gateway=GATEWAY, state="offline")),
            retain=True,
        ),
    )


def posts_of(bodies: list[bytes], *, lane: Lane) -> list[Post]:
    """As a new epoch of the gateway."""
    topic, epoch = Topics(CITY).batch(GATEWAY, lane), Epoch(new_token())
    sight = KernelClock(trusted=True).sight()
    assert sight is not None
    origin = Origin(
        boot=BOOT, origin_ms=sight.origin_ms, uncertainty_ms=sight.uncertainty_ms, revision=1
    )
    posts = []
    for n, body in enumerate(bodies, start=1):
        key = Key(gateway=GATEWAY, epoch=epoch, n=n)
        header = Header(key=key, sha256=sha256_of(key, body), origin=origin)
        posts.append(Post(topic=topic, payload=body, properties=encode_header(header)))
    return posts
