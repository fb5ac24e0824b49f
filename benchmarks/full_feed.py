"""Ten thousand assets in a store, their gateways' statements, and who hears all of them."""

import threading
import time
from random import Random

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.city import CITY, CityBench
from benchmarks.filling import EPOCH
from benchmarks.states import heard_by
from broker_bridge.opening import CityStore
from broker_bridge.store import NewBatch
from contract.codec import Key, encode_model
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.messages import BatchBody, Counts, EpochHolding, HeldRange, Holding, Origin, Status
from contract.tls import client_context
from contract.topics import Topics

ASSETS = 10_000
QUANTITIES = ("voltage", "current", "active_power", "power_factor", "frequency")
ASSETS_A_BATCH = 2_000
STATED = ASSETS // 24  # as many as such a city has
DEADLINE_S = 120.0
GATEWAY, BOOT = GatewayId("bb-9999"), BootId("00000000000000b1")


def hear_all(city: CityBench) -> None:
    """Raises OSError if it lasts too long."""
    states = _States()
    with heard_by(city.reader(), states.hear):
        states.wait()


def state_all(city: CityBench) -> None:
    """The broker retains a holding and a status of each gateway, as it does in a city."""
    for number in range(1_000, 1_000 + STATED):
        _state(city, GatewayId(f"bb-{number}"), Random(number))


def _state(city: CityBench, gateway: GatewayId, random: Random) -> None:
    broker, topics = city.gateway_settings(gateway).broker, Topics(CITY)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.tls_set_context(client_context(broker))
    client.connect(broker.host, broker.port)
    client.loop_start()
    said = (
        (topics.holding(gateway), encode_model(_holding(gateway, random))),
        (topics.status(gateway), encode_model(Status(gateway=gateway, state="online"))),
    )
    for topic, payload in said:
        client.publish(topic, payload, qos=1, retain=True).wait_for_publish(DEADLINE_S)
    client.disconnect()
    client.loop_stop()


def _holding(gateway: GatewayId, random: Random) -> Holding:
    counts = Counts(readings=200)
    held = HeldRange(state="settled", first=1, last=1, counts=counts)
    epoch, boot = (f"{random.getrandbits(64):016x}" for _ in range(2))
    own = EpochHolding(
        epoch=Epoch(epoch), boot=BootId(boot), sealed=1, sealed_counts=counts, ranges=[held]
    )
    return Holding(gateway=gateway, revision=1, epochs=[own])


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
