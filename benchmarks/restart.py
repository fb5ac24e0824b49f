"""One of two bridges is restarted under full load, with ten thousand assets in the feed."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

from benchmarks.city import COMMITTED, READY_S, CityBench, OpenStore, open_store
from benchmarks.figure import Figure, Run, at_most, exactly, load, percentile
from benchmarks.full_feed import ASSETS, STATED, fill_feed, hear_all, state_all
from benchmarks.rounds import FULL, values_a_round
from broker_bridge.opening import opened_store
from contract.identity import GatewayId
from scripts.district.process import Program

GATEWAYS = 3  # of 2,000 readings a second each: seven times what a city of 10,000 assets says
RESTARTS = 6  # of one and the other in turn
CALM_S = 5.0
DEADLINE_S = 60.0
POLL_S = 0.05
LIMIT_S = 2.0
ROWS_TOO_MANY = """
SELECT (SELECT count(*) FROM reading) + (SELECT count(*) FROM undated)
    - (SELECT coalesce(sum(readings), 0) FROM batch)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """When each round of one gateway was sealed, and when all up to it were receipted."""

    sealed_s: dict[int, float]
    settled_s: dict[int, float]

    def delays_s(self, from_s: float, until_s: float) -> list[float]:
        """From sealing to receipt, of the rounds sealed in between."""
        return [
            self.settled_s[n] - at for n, at in self.sealed_s.items() if from_s <= at <= until_s
        ]


def measure(run: Run) -> Iterator[Figure]:
    """SIGTERM, its end, a new start; the gateways seal and send all the while.

    Each bridge that starts hears all the states that the broker retains, and compares them.
    """
    with ExitStack() as ending:
        store = ending.enter_context(open_store("postgresql", run.folder))
        with opened_store(store.settings) as filled:
            fill_feed(filled)
        before = store.ask(COMMITTED)
        names = ("bridge-1", "bridge-2")
        city = ending.enter_context(
            CityBench(run.folder, store, bridges=names, profile=run.profile)
        )
        hear_all(city)
        state_all(city)
        agents = list(_agents(city))
        time.sleep(CALM_S)
        calm_s = time.monotonic()
        time.sleep(CALM_S)
        began_s = time.monotonic()
        took_s = [_restart(run, bridge) for bridge in islice(cycle(city.bridges), RESTARTS)]
        ended_s = time.monotonic()
        for agent in agents:
            agent.wait_until(
                partial(_settled, agent, ended_s),
                what=f"receipted all that was sealed; see {run.folder}",
                deadline_s=DEADLINE_S,
            )
            agent.stop()
        heard = [_heard(agent) for agent in agents]
        missing = _missing(store.ask(COMMITTED) - before, store, heard)
    calm = [delay for one in heard for delay in one.delays_s(calm_s, began_s)]
    delays = [delay for one in heard for delay in one.delays_s(began_s, ended_s)]
    yield Figure(
        name="restart.longest_delay",
        value=max(delays),
        unit="s",
        target=at_most(LIMIT_S),
        detail=f"from sealing to receipt, of {len(delays):,} rounds of 200 readings from {GATEWAYS}"
        f" gateways, {ASSETS:,} assets of {STATED} others in the feed;"
        f" p99 {percentile(delays, 99):.3f}; without a restart {max(calm):.3f} at most;"
        f" {RESTARTS} restarts of one of two bridges on PostgreSQL, each took"
        f" {max(took_s):.1f} s at most; {load()}",
    )
    yield Figure(
        name="restart.lost_or_doubled",
        value=missing,
        unit="readings",
        target=exactly(0),
        detail="receipted rounds against the rows in the store",
    )


def _agents(city: CityBench) -> Iterator[Program]:
    for number in range(1, GATEWAYS + 1):
        settings = city.gateway_settings(GatewayId(f"bb-{number:04}"))
        agent = city.agent(settings, module="benchmarks.live_agent")
        agent.start()
        agent.wait_until(partial(_sends, agent), what="sending", deadline_s=READY_S)
        yield agent


def _sends(agent: Program) -> bool:
    return bool(_heard(agent).settled_s)


def _restart(run: Run, bridge: Program) -> float:
    run.say("a bridge is restarted")
    began_s = time.monotonic()
    bridge.stop()
    bridge.start_and_wait(deadline_s=READY_S)
    took_s = time.monotonic() - began_s
    time.sleep(CALM_S)
    return took_s


def _settled(agent: Program, until_s: float) -> bool:
    heard = _heard(agent)
    return all(n in heard.settled_s for n, at in heard.sealed_s.items() if at <= until_s)


def _heard(agent: Program) -> _Heard:
    sealed_s: dict[int, float] = {}
    settled_s: dict[int, float] = {}
    for line in agent.out_file.read_text().split("\n")[1:-1]:
        match line.split():
            case ["settled", n, at]:
                settled_s |= dict.fromkeys(range(len(settled_s) + 1, int(n) + 1), float(at))
            case [n, at]:
                sealed_s[int(n)] = float(at)
    return _Heard(sealed_s=sealed_s, settled_s=settled_s)


def _missing(committed: int, store: OpenStore, heard: Sequence[_Heard]) -> int:
    """What was sealed last may be on its way: only what is receipted must be there."""
    receipted = sum(len(one.settled_s) for one in heard) * values_a_round(FULL)
    return max(0, receipted - committed) + abs(store.ask(ROWS_TOO_MANY))
