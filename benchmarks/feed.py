"""Ten thousand assets on a broker that has lost everything: how long until all are told again."""

import time
from collections.abc import Iterator

from benchmarks.city import CityBench, open_store
from benchmarks.figure import Figure, Run, at_most, load, spread
from benchmarks.full_feed import ASSETS, QUANTITIES, fill_feed, hear_all
from broker_bridge.opening import opened_store

WIPES = 3
LIMIT_S = 10.0


def measure(run: Run) -> Iterator[Figure]:
    """From the moment the empty broker takes clients, its reconnecting bridge included."""
    with open_store("postgresql", run.folder) as place:
        with opened_store(place.settings) as store:
            fill_feed(store)
        with CityBench(run.folder, place) as city:
            took_s = []
            hear_all(city)
            for number in range(1, WIPES + 1):
                run.say(f"wipe {number} of {WIPES}")
                took_s.append(_wipe(city))
    yield Figure(
        name="feed.states_after_a_wipe",
        value=max(took_s),
        unit="s",
        target=at_most(LIMIT_S),
        detail=f"the longest; {spread(took_s)}; {ASSETS:,} retained states of {len(QUANTITIES)}"
        f" quantities each, read by a subscriber, from PostgreSQL; {load()}",
    )


def _wipe(city: CityBench) -> float:
    city.broker.kill()
    city.broker.wipe()
    city.broker.start()
    began_s = time.monotonic()
    hear_all(city)
    return time.monotonic() - began_s
