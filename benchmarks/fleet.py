"""Two thousand gateways at once beside twenty: what is lost, and what a reading costs the city."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.city import (
    CITY,
    COMMITTED,
    CityBench,
    cpu_s,
    family_cpu_s,
    open_store,
    resident_mib,
)
from benchmarks.feed_pace import VALUES
from benchmarks.figure import Figure, Run, at_least, at_most, exactly, load, percentile
from contract.identity import GatewayId
from contract.tls import Broker as BrokerAddress
from scripts.district.stored import CityStore
from scripts.herd.crowd import Crowd
from scripts.herd.uplinks import Part, Seen

FEW, FEW_MINUTES = 20, 2.0
ASSETS = 40  # of each gateway, with five values once a minute: 200 readings
WARM_S = 60.0  # then each asset is known
RETURN_S = 300.0
DRAIN_S = 600.0
MEMORY = Path("/dev/shm")
ROWS = "SELECT (SELECT count(*) FROM reading) + (SELECT count(*) FROM undated)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """One fleet, a while."""

    readings: int
    took_s: float
    used_s: Mapping[str, float]  # CPU by program
    up: int
    waiting: int  # batches, at the end of the time
    seen: Mapping[GatewayId, Seen]
    committed: Mapping[GatewayId, int]
    rows: int
    broker_mib: float

    @property
    def lost_or_doubled(self) -> int:
        """Readings that are neither held nor in the store, or there more than once."""
        missing = sum(
            abs(one.sealed - self.committed.get(name, 0))
            for name, one in self.seen.items()
            if not one.held
        )
        return missing + abs(self.rows - sum(self.committed.values()))

    @property
    def us_a_reading(self) -> float:
        """Microseconds of CPU, of all programs."""
        return sum(self.used_s.values()) / self.readings * 1e6

    def __str__(self) -> str:
        parts = ", ".join(
            f"{name} {used / self.readings * 1e6:.0f}" for name, used in self.used_s.items()
        )
        delays = [delay for one in self.seen.values() for delay in one.delays_s]
        return (
            f"{len(self.seen):,} gateways, {self.readings / self.took_s:,.0f} readings/s:"
            f" {self.us_a_reading:.0f} us a reading ({parts}),"
            f" {sum(self.used_s.values()) / self.took_s:.0%} of a core, sealed to receipted p99"
            f" {percentile(delays, 99):.2f} s"
        )


def measure(run: Run) -> Iterator[Figure]:
    """The small fleet first, each on a city of its own."""
    few = _run(run, FEW, minutes=min(FEW_MINUTES, run.minutes))
    many = _run(run, run.gateways, minutes=run.minutes)
    yield Figure(
        name="fleet.gateways",
        value=many.up,
        unit="gateways",
        target=at_least(2_000),
        detail=f"connected at the end of {many.took_s / 60:.0f} minutes, each with a TLS session"
        f" of its own; {many.waiting:,} batches waited then; broker {many.broker_mib:.0f} MiB"
        f" resident; {load()}",
    )
    yield Figure(
        name="fleet.lost_or_doubled",
        value=many.lost_or_doubled,
        unit="readings",
        target=exactly(0),
        detail=f"of {sum(one.sealed for one in many.seen.values()):,} sealed;"
        f" {sum(one.held for one in many.seen.values()):,} batches are still held",
    )
    yield Figure(
        name="fleet.cpu_share",
        value=many.us_a_reading / few.us_a_reading,
        unit="x",
        target=at_most(1.2),
        detail=f"{many}; {few}; {load()}",
    )


def _run(run: Run, gateways: int, *, minutes: float) -> _Ran:
    folder = run.folder / f"{gateways}"
    folder.mkdir()
    with ExitStack() as ending:
        store = ending.enter_context(open_store("postgresql", folder))
        city = ending.enter_context(CityBench(folder, store, profile=run.profile))
        cards = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="fleet-", dir=MEMORY)))
        crowd = Crowd(cards)
        run.say(f"{gateways:,} gateways connect")
        crowd.start(_part(cards), _brokers(city, gateways), ending=ending)
        if not crowd.wait_for("up", gateways, within_s=RETURN_S):
            raise OSError(f"of {gateways:,} gateways {crowd.ask('look')['up']:,} are connected")
        time.sleep(WARM_S)
        return _watched(run, city, crowd, minutes * 60)


def _part(cards: Path) -> Part:
    return Part(
        city=CITY, folder=str(cards), waiting=0, reconnect_max_s=60.0, seed=1,
        assets=ASSETS, quantities=tuple(VALUES),
    )  # fmt: skip


def _brokers(city: CityBench, gateways: int) -> Mapping[GatewayId, BrokerAddress]:
    names = [GatewayId(f"bb-{number:04}") for number in range(1, gateways + 1)]
    return {name: city.gateway_settings(name).broker for name in names}


def _watched(run: Run, city: CityBench, crowd: Crowd, seconds: float) -> _Ran:
    """From the middle of its work into the middle of its work; then it ends, whole."""
    crowd.ask(f"back {time.clock_gettime(time.CLOCK_BOOTTIME)}")
    before, began_s, used = city.store.ask(COMMITTED), time.monotonic(), _used_s(city)
    while (left_s := began_s + seconds - time.monotonic()) > 0:
        looked = crowd.ask("look")
        run.say(
            f"{left_s:.0f} s to go; {looked['up']:,} connected, {looked['open']:,} batches wait"
        )
        time.sleep(min(left_s, 30.0))
    used = {name: now - used[name] for name, now in _used_s(city).items()}
    took_s, readings = time.monotonic() - began_s, city.store.ask(COMMITTED) - before
    ended, broker_mib = crowd.ask("hush"), resident_mib(city.broker.program.pid)
    crowd.wait_for("open", 0, within_s=DRAIN_S)
    seen = crowd.end()
    return _Ran(
        readings=readings, took_s=took_s, used_s=used, seen=seen,
        up=ended["up"], waiting=ended["open"],
        committed=CityStore(city.store.settings).committed(), rows=city.store.ask(ROWS),
        broker_mib=broker_mib,
    )  # fmt: skip


def _used_s(city: CityBench) -> Mapping[str, float]:
    assert city.store.postgres, "a private server"
    return {
        "broker": cpu_s(city.broker.program.pid),
        "bridge": cpu_s(city.bridge.pid),
        "PostgreSQL": family_cpu_s(city.store.postgres.program.pid),
    }
