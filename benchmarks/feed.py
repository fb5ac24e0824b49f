"""Ten thousand assets on a broker that has lost everything: how long until all are told again."""

import threading
import time
from collections.abc import Iterator

from benchmarks.city import CityBench, open_store
from benchmarks.figure import Figure, Run, at_most, load, spread
from benchmarks.filling import EPOCH
from benchmarks.states import heard_by
from broker_bridge.opening import CityStore, opened_store
from broker_bridge.store import NewBatch
from contract.codec import Key
from contract.identity import AssetId, BootId, GatewayId, Kind
from contract.messages import BatchBody, Counts, Origin

ASSETS = 10_000
QUANTITIES = ("voltage", "current", "active_power", "power_factor", "frequency")
ASSETS_A_BATCH = 2_000
WIPES = 3
LIMIT_S = 10.0
DEADLINE_S = 120.0
GATEWAY, BOOT = GatewayId("bb-0001"), BootId("00000000000000b1")


def measure(run: Run) -> Iterator[Figure]:
    """From the moment the empty broker takes clients, its reconnecting bridge included."""
    with open_store("postgresql", run.folder) as place:
        with opened_store(place.settings) as store:
            _fill(store)
        with CityBench(run.folder, place) as city:
            took_s = []
            _hear_all(city)
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
    _hear_all(city)
    return time.monotonic() - began_s


def _hear_all(city: CityBench) -> None:
    states = _States()
    with heard_by(city.reader(), states.hear):
        states.wait()


class _States:
    """Counts the assets whose state was heard."""

    def __init__(self) -> None:
        self._heard: set[str] = set()
        self._all = threading.Event()

    def hear(self, topic: str) -> None:
        """One more, or one again."""
        self._heard.add(topic)
        if len(self._heard) == ASSETS:
            self._all.set()

    def wait(self) -> None:
        """Raises OSError if it lasts too long."""
        if not self._all.wait(DEADLINE_S):
            raise OSError(f"{len(self._heard):,} of {ASSETS:,} states after {DEADLINE_S:g} s")


def _fill(store: CityStore) -> None:
    now_ms = int(time.time() * 1_000)
    with store.transaction() as transaction:
        transaction.lock([GATEWAY])
        origin = Origin(boot=BOOT, origin_ms=now_ms, uncertainty_ms=20, revision=1)
        transaction.date([(GATEWAY, origin)])
        stream = transaction.streams([(GATEWAY, EPOCH)])[GATEWAY, EPOCH]
        transaction.commit_batches(
            [
                NewBatch(
                    stream=stream,
                    key=Key(gateway=GATEWAY, epoch=EPOCH, n=n),
                    sha256=f"{n:064x}",
                    body=_body((n - 1) * ASSETS_A_BATCH),
                )
                for n in range(1, ASSETS // ASSETS_A_BATCH + 1)
            ]
        )


def _body(first: int) -> BatchBody:
    size = ASSETS_A_BATCH * len(QUANTITIES)
    names = range(first, first + ASSETS_A_BATCH)
    return BatchBody(
        boot=BOOT,
        base_ms=0,
        assets=[(AssetId(f"PJU-{number:05}"), Kind.STREETLIGHT) for number in names],
        quantities=list(QUANTITIES),
        asset=[at // len(QUANTITIES) for at in range(size)],
        quantity=[at % len(QUANTITIES) for at in range(size)],
        offset_ms=[0] * size,
        value=[230.0] * size,
        counts=Counts(readings=size),
        sealed_before=Counts(readings=first * len(QUANTITIES)),
    )
