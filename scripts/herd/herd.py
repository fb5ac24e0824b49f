"""One outage of a city: all its gateways come back at once, and what was promised is counted."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from broker_bridge.config import BridgeSettings
from contract.identity import City, GatewayId
from contract.settings import UplinkSettings
from scripts.district.bridge import Bridge
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.fibre import Fibre
from scripts.district.ports import free_port
from scripts.district.private_store import Kind, private_store
from scripts.district.process import ProgramError
from scripts.district.stored import CityStore
from scripts.herd.crowd import ROOT, START_S, Crowd
from scripts.herd.uplinks import Part, Seen

CITY = City("baubau")
RETURN_S, LIVE_P99_S = 120.0, 5.0
DRAIN_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How large the herd is; `waiting` readings are sealed by each while it is cut off."""

    store: Kind = "sqlite"
    uplinks: int = 500
    waiting: int = 2_000
    reconnect_max_s: float = UplinkSettings().reconnect_max_s
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of it; a finding is a promise that was not kept."""

    sealed: int
    slowest_return_s: float
    live_p99_s: float
    findings: tuple[str, ...]


@dataclass(slots=True)
class _City:
    """Broker, bridge and uplinks."""

    folder: Path
    wanted: Wanted
    ending: ExitStack
    broker: Broker = field(init=False)
    bridge: Bridge = field(init=False)
    uplinks: Crowd = field(init=False)

    def start(self) -> CityStore:
        """All run when this returns."""
        authority = Authority(self.folder / "certificates", now=datetime.now(UTC))
        store, _ = self.ending.enter_context(private_store(self.wanted.store, self.folder))
        self.broker = Broker(
            self.folder / "broker", city=CITY, port=free_port(Random()),
            credentials=authority.server("broker"), probe=authority.client("probe"),
        )  # fmt: skip
        self.ending.callback(self.broker.program.stop)
        self.broker.start()
        fibre = self.ending.enter_context(
            Fibre(port=free_port(Random()), target_port=self.broker.port)
        )
        address = self.broker.address(authority.client("bridge"), port=fibre.port)
        settings = BridgeSettings(city=CITY, broker=address, store=store)
        self.bridge = Bridge("bridge", settings, fibre, folder=self.folder, root=ROOT)
        self.ending.callback(self.bridge.program.stop)
        self.bridge.start()
        self._start_uplinks(authority)
        return CityStore(store)

    def _start_uplinks(self, authority: Authority) -> None:
        names = [GatewayId(f"bb-{n:04}") for n in range(1, self.wanted.uplinks + 1)]
        part = Part(
            city=CITY, folder=str(self.folder), waiting=self.wanted.waiting,
            reconnect_max_s=self.wanted.reconnect_max_s, seed=self.wanted.seed,
        )  # fmt: skip
        self.uplinks = Crowd(self.folder)
        self.uplinks.start(
            part,
            {name: self.broker.address(authority.client(name)) for name in names},
            ending=self.ending,
        )


def herd(wanted: Wanted, folder: Path) -> Verdict:
    """One outage as long as the longest pause between two tries; raises ProgramError."""
    with ExitStack() as ending:
        city = _City(folder, wanted, ending)
        store = city.start()
        if not city.uplinks.wait_for("up", wanted.uplinks, within_s=START_S):
            raise ProgramError(f"not all {wanted.uplinks} uplinks came up before the outage")
        city.broker.kill()
        cut_s = time.monotonic()
        city.uplinks.ask("outage")
        time.sleep(max(0.0, cut_s + wanted.reconnect_max_s - time.monotonic()))
        city.broker.start()
        city.uplinks.ask(f"back {time.clock_gettime(time.CLOCK_BOOTTIME)}")
        city.uplinks.wait_for("returned", wanted.uplinks, within_s=RETURN_S)
        city.uplinks.wait_for("open", 0, within_s=DRAIN_S)
        seen = city.uplinks.end()
        city.bridge.program.stop()  # what it commits between two counts would look doubled
        return _verdict(seen, store)


def _verdict(seen: dict[GatewayId, Seen], store: CityStore) -> Verdict:
    delays = sorted(delay for one in seen.values() for delay in one.delays_s)
    p99_s = delays[len(delays) * 99 // 100] if delays else float("inf")
    returns = [one.returned_s for one in seen.values() if one.returned_s is not None]
    return Verdict(
        sealed=sum(one.sealed for one in seen.values()),
        slowest_return_s=max(returns, default=float("inf")),
        live_p99_s=p99_s,
        findings=(*_late(seen, returns, p99_s), *_lost(seen, store)),
    )


def _late(seen: dict[GatewayId, Seen], returns: Sequence[float], p99_s: float) -> Iterator[str]:
    if len(returns) < len(seen):
        missing = len(seen) - len(returns)
        yield f"{missing} uplinks had no live reading receipted within {RETURN_S:g} s"
    if returns and max(returns) > RETURN_S:
        yield f"the last live reading was receipted {max(returns):.1f} s after the outage"
    if p99_s > LIVE_P99_S:
        yield f"1 % of the live readings took longer than {p99_s:.1f} s"


def _lost(seen: dict[GatewayId, Seen], store: CityStore) -> Iterator[str]:
    """Batches that were sealed in the last moment may still be held."""
    committed = store.committed()
    rows = dict(store.query(ROWS))
    for name, one in seen.items():
        if committed.get(name, 0) != one.sealed and not one.held:
            yield f"{name}: {one.sealed} readings sealed, {committed.get(name, 0)} committed"
        if rows.get(name, 0) != committed.get(name, 0):
            yield f"{name}: {rows.get(name, 0)} rows of {committed.get(name, 0)} readings"
        if one.held > 1:
            yield f"{name}: {one.held} batches are still held"


ROWS = """
SELECT g.name, count(*) FROM (SELECT batch_id FROM reading UNION ALL SELECT batch_id FROM undated) r
JOIN batch b ON b.id = r.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id GROUP BY 1
"""
