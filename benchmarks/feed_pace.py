"""Ten thousand assets change each minute: how late the feed says it, and what telling costs."""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import Iterator, Sequence

from agent.link import Post
from benchmarks.city import CITY, COMMITTED, READY_S, CityBench, OpenStore, open_store, spent
from benchmarks.figure import Figure, Run, at_most, load, percentile, spread
from benchmarks.ingest import BOOT, GATEWAY, connector, posts_of, publish
from benchmarks.states import heard_by
from contract.codec import encode_body
from contract.identity import AssetId, Kind, Lane
from contract.messages import Counts
from contract.readings import Reading
from contract.tls import Broker
from contract.topics import Topics

ASSETS = 10_000
VALUES = {"voltage": 230.0, "current": 0.3, "power": 61.0, "power_factor": 0.9, "frequency": 50.0}
PACE_S = 60.0
PACED, WAITING = 25, 40  # assets a batch
PAIRS, ROUNDS = 3, 4
DELAY_S, COST = 1.0, 0.15
DEADLINE_S = 60.0
TOPICS = Topics(CITY)


def measure(run: Run) -> Iterator[Figure]:
    """The pace first, then both bridges in turn."""
    with (
        open_store("postgresql", run.folder) as store,
        CityBench(run.folder, store, profile=run.profile) as city,
    ):
        run.say(f"{ASSETS:,} assets in {PACE_S:g} s")
        delays = _paced(city)
    yield Figure(
        name="feed_pace.delay",
        value=percentile(delays, 99),
        unit="s",
        target=at_most(DELAY_S),
        detail=f"p99 of {len(delays):,} states, from handing the batch to the broker, its commit"
        f" included; median {percentile(delays, 50):.3f}, largest {max(delays):.3f}; {load()}",
    )
    pairs = [_pair(run, number) for number in range(1, PAIRS + 1)]
    costs = [with_s / without_s - 1 for with_s, without_s, _ in pairs]
    with_s, without_s, used = sorted(pairs, key=lambda pair: pair[0] / pair[1])[PAIRS // 2]
    yield Figure(
        name="feed_pace.cost",
        value=statistics.median(costs),
        unit="ratio",
        target=at_most(COST),
        detail=f"{ROUNDS} times {ASSETS:,} assets, {WAITING} a batch, in {with_s:.2f} s with the"
        f" feed and {without_s:.2f} s without; {spread(costs)}; {used}; {load()}",
    )


def _paced(city: CityBench) -> list[float]:
    """Of each asset, until its state is heard."""
    gateway = city.gateway_settings(GATEWAY).broker
    heard_s: dict[str, float] = {}
    with heard_by(city.reader(), lambda topic: heard_s.setdefault(topic, time.monotonic())):
        sent_s = asyncio.run(_send(gateway, posts_of(_bodies(PACED), lane=Lane.LIVE)))
        deadline_s = time.monotonic() + DEADLINE_S
        while len(heard_s) < ASSETS:
            if time.monotonic() > deadline_s:
                raise OSError(f"{len(heard_s):,} of {ASSETS:,} states after {DEADLINE_S:g} s")
            time.sleep(0.05)
    return [
        heard_s[TOPICS.asset_state(Kind.STREETLIGHT, name)] - at
        for number, at in enumerate(sent_s)
        for name in _assets(number, PACED)
    ]


async def _send(broker: Broker, posts: Sequence[Post]) -> list[float]:
    """Evenly over PACE_S; when each was handed over."""
    sent_s = []
    async with connector(broker).connect() as link:
        began_s = time.monotonic()
        for number, post in enumerate(posts):
            await asyncio.sleep(began_s + number * PACE_S / len(posts) - time.monotonic())
            sent_s.append(time.monotonic())
            refusal = await link.publish(post)
            assert not refusal, f"the broker refuses: {refusal}"
    return sent_s


def _pair(run: Run, number: int) -> tuple[float, float, str]:
    """Seconds with the feed and without, and the CPU of the first."""
    with_s, used = _committed(run, f"with-{number}", "broker_bridge")
    without_s, _ = _committed(run, f"without-{number}", "benchmarks.silent_bridge")
    return with_s, without_s, used


def _committed(run: Run, name: str, module: str) -> tuple[float, str]:
    """All wait in the broker, and the clock starts when the bridge may go on."""
    run.say(f"batches that wait, {name}")
    folder = run.folder / name
    folder.mkdir()
    with (
        open_store("postgresql", folder) as store,
        CityBench(folder, store, bridge_module=module) as city,
    ):
        broker, log = city.gateway_settings(GATEWAY).broker, city.bridge.log_file
        city.bridge.wait_until(
            lambda: "connected to the broker" in log.read_text(), what="heard", deadline_s=READY_S
        )
        _commit(city, store, broker, 1)  # the assets are known from now on
        return _commit(city, store, broker, ROUNDS)


def _commit(city: CityBench, store: OpenStore, broker: Broker, rounds: int) -> tuple[float, str]:
    there = store.ask(COMMITTED)
    os.kill(city.bridge.pid, signal.SIGSTOP)
    asyncio.run(publish(broker, _bodies(WAITING, rounds=rounds), lane=Lane.LIVE))
    began_s = time.monotonic()
    os.kill(city.bridge.pid, signal.SIGCONT)
    wanted = there + rounds * ASSETS * len(VALUES)
    ended_s, used = spent(
        {"bridge": city.bridge.pid, "broker": city.broker.program.pid},
        lambda: city.wait_committed(wanted, deadline_s=DEADLINE_S),
    )
    return ended_s - began_s, used


def _assets(number: int, size: int) -> list[AssetId]:
    """Of a batch: all of the city's in turn."""
    return [AssetId(f"PJU-{at % ASSETS:05}") for at in range(number * size, (number + 1) * size)]


def _bodies(size: int, *, rounds: int = 1) -> list[bytes]:
    before, bodies = Counts(), []
    for number in range(rounds * ASSETS // size):
        readings = [
            Reading(
                asset=asset, kind=Kind.STREETLIGHT, quantity=quantity,
                at_ms=number * size, value=value,
            )
            for asset in _assets(number, size)
            for quantity, value in VALUES.items()
        ]  # fmt: skip
        bodies.append(encode_body(readings, (), boot=BOOT, sealed_before=before))
        before += Counts(readings=len(readings))
    return bodies
