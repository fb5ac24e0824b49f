"""A gateway returns with a backlog of a million readings: from its outbox to the city's store."""

import asyncio
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.city import READY_S, STORES, CityBench, StoreKind, open_store, spent
from benchmarks.figure import Figure, Run, at_least, load, spread
from benchmarks.rounds import FULL, Rounds
from benchmarks.sealing import outbox_in
from contract.identity import GatewayId

READINGS = 1_000_000
RUNS = 3
DEADLINE_S = 120.0
GATEWAY = GatewayId("bb-0001")
LIMITS: dict[StoreKind, float] = {"sqlite": 150_000, "postgresql": 300_000}


def measure(run: Run) -> Iterator[Figure]:
    """On each store, from the agent's readiness before it connects to the last commit."""
    run.say(f"sealing {READINGS:,} readings, each round in a commit of its own")
    backlog = run.folder / "backlog"
    asyncio.run(fill(backlog, READINGS))
    for kind in STORES:
        rates, used = [], ""
        for number in range(1, RUNS + 1):
            run.say(f"{kind}: drain {number} of {RUNS}")
            took_s, used = _drain(run, kind, backlog, run.folder / f"{kind}-{number}")
            rates.append(READINGS / took_s)
        yield Figure(
            name=f"drain.{kind}",
            value=statistics.median(rates),
            unit="readings/s",
            target=at_least(LIMITS[kind]),
            detail=f"{spread(rates, digits=0)}; last run {used}; {load()}",
        )


async def fill(folder: Path, readings: int) -> None:
    """An outbox in `folder` with that many readings, sealed as the agent seals."""
    rounds, sealed = Rounds(FULL), 0
    async with outbox_in(folder, GATEWAY) as outbox:
        while sealed < readings:
            batch = await outbox.seal(rounds.take())
            assert batch is not None
            sealed += batch.counts.readings


def _drain(run: Run, kind: StoreKind, backlog: Path, folder: Path) -> tuple[float, str]:
    folder.mkdir()
    with (
        open_store(kind, folder) as store,
        CityBench(folder, store, profile=run.profile) as city,
    ):
        settings = city.gateway_settings(GATEWAY)
        shutil.copytree(backlog, settings.gateway.data_dir)
        agent = city.agent(settings)
        agent.start_and_wait(deadline_s=READY_S)
        began_s = time.monotonic()
        programs = {
            "agent": agent.pid,
            "bridge": city.bridge.pid,
            "broker": city.broker.program.pid,
        }
        ended_s, used = spent(
            programs, lambda: city.wait_committed(READINGS, deadline_s=DEADLINE_S)
        )
    return ended_s - began_s, used
