"""From a sealed live batch to its commit, on an idle machine and while a backlog drains."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.city import COMMITTED, READY_S, STORES, CityBench, OpenStore, StoreKind, open_store
from benchmarks.drain import GATEWAY, READINGS, fill
from benchmarks.figure import Figure, Run, Target, at_most, load, percentile
from scripts.district.process import Program

IDLE_S = 40.0
WARM_UP_S = 3.0  # connecting is not the live lane
POLL_S = 0.004
DEADLINE_S = 120.0
DRAINS = 3
PREFIX = """
SELECT coalesce(min(b.n), 0) FROM batch b WHERE b.stream_id = {stream} AND NOT EXISTS
    (SELECT 1 FROM batch c WHERE c.stream_id = b.stream_id AND c.n = b.n + 1)
"""
IDLE, DRAINING = at_most(0.25), at_most(2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    sealed_s: float
    committed_s: float

    @property
    def took_s(self) -> float:
        return self.committed_s - self.sealed_s


def measure(run: Run) -> Iterator[Figure]:
    """Ten rounds of 200 readings a second from one gateway."""
    backlog = run.folder / "backlog"
    run.say(f"sealing a backlog of {READINGS:,} readings")
    asyncio.run(fill(backlog, READINGS))
    for kind in STORES:
        run.say(f"{kind}: {IDLE_S:g} s on the idle machine")
        yield _figure(f"idle_{kind}", IDLE, _run(run, kind, run.folder / f"idle-{kind}", None))
        batches: list[_Batch] = []
        for number in range(1, DRAINS + 1):
            run.say(f"{kind}: while backlog {number} of {DRAINS} drains")
            batches += _run(run, kind, run.folder / f"drain-{kind}-{number}", backlog)
        yield _figure(f"draining_{kind}", DRAINING, batches)


def _figure(name: str, target: Target, batches: list[_Batch]) -> Figure:
    took_s = [batch.took_s for batch in batches]
    return Figure(
        name=f"latency.{name}",
        value=percentile(took_s, 99),
        unit="s",
        target=target,
        detail=f"p99 of {len(took_s)} live batches; median {percentile(took_s, 50):.3f}, largest"
        f" {max(took_s):.3f}; the store was asked each {POLL_S * 1e3:g} ms; {load()}",
    )


def _run(run: Run, kind: StoreKind, folder: Path, backlog: Path | None) -> list[_Batch]:
    """Batches sealed after the warm-up or, with a backlog, during its drain."""
    folder.mkdir()
    with (
        open_store(kind, folder) as store,
        CityBench(folder, store, profile=run.profile) as city,
    ):
        settings = city.gateway_settings(GATEWAY)
        if backlog:
            shutil.copytree(backlog, settings.gateway.data_dir)
        agent = city.agent(settings, module="benchmarks.live_agent")
        agent.start()
        agent.wait_until(lambda: bool(_said(agent)), what="sealing", deadline_s=READY_S)
        began_s = time.monotonic()
        watch = _Watch(store, epoch=_said(agent)[0][1])
        if backlog:
            watch.until(lambda: store.ask(watch.others) >= READINGS)
        else:
            watch.until(lambda: time.monotonic() > began_s + IDLE_S)
        ended_s = time.monotonic()
        last = max(n for n, at in _sealed(agent) if at <= ended_s)
        watch.until(lambda: last in watch.seen)
        agent.stop()
    first_s = began_s if backlog else began_s + WARM_UP_S
    return [
        _Batch(sealed_s=at, committed_s=watch.seen[n])
        for n, at in _sealed(agent)
        if first_s <= at <= ended_s
    ]


class _Watch:
    """When each number of an epoch was first seen in the store, with all numbers before it."""

    def __init__(self, store: OpenStore, *, epoch: str) -> None:
        stream = f"(SELECT id FROM stream WHERE epoch = '{epoch}')"
        self.others = f"{COMMITTED} WHERE stream_id <> {stream}"
        self.seen: dict[int, float] = {}
        self._store = store
        self._reached = PREFIX.format(stream=stream)

    def until(self, done: Callable[[], bool]) -> None:
        """Looks until `done`; raises OSError after DEADLINE_S."""
        deadline_s = time.monotonic() + DEADLINE_S
        while not done():
            reached, now_s = self._store.ask(self._reached), time.monotonic()
            for n in range(len(self.seen) + 1, reached + 1):
                self.seen[n] = now_s
            if now_s > deadline_s:
                raise OSError(f"{reached} live batches are committed after {DEADLINE_S:g} s")
            time.sleep(POLL_S)


def _said(agent: Program) -> list[list[str]]:
    """The whole lines the agent has printed."""
    return [line.split() for line in agent.out_file.read_text().split("\n")[:-1]]


def _sealed(agent: Program) -> list[tuple[int, float]]:
    """Each live batch's number and when it was sealed."""
    return [(int(said[0]), float(said[1])) for said in _said(agent)[1:] if len(said) == 2]
