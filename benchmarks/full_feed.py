"""Ten thousand assets in a store, and a central system that waits until it has heard them all."""

import threading
import time

from benchmarks.city import CityBench
from benchmarks.filling import EPOCH
from benchmarks.states import heard_by
from broker_bridge.opening import CityStore
from broker_bridge.store import NewBatch
from contract.codec import Key
from contract.identity import AssetId, BootId, GatewayId, Kind
from contract.messages import BatchBody, Counts, Origin

ASSETS = 10_000
QUANTITIES = ("voltage", "current", "active_power", "power_factor", "frequency")
ASSETS_A_BATCH = 2_000
DEADLINE_S = 120.0
GATEWAY, BOOT = GatewayId("bb-9999"), BootId("00000000000000b1")


def hear_all(city: CityBench) -> None:
    """Raises OSError if it lasts too long."""
    states = _States()
    with heard_by(city.reader(), states.hear):
        states.wait()


def fill_feed(store: CityStore) -> None:
    """One reading of each of their quantities, from one gateway."""
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
