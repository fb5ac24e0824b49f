"""What a real broker retains of the feed is what the store says, whoever told it last."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import Queue

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from broker_bridge.config import BridgeSettings, StoreSettings
from broker_bridge.connection import Connection, Delivery
from contract.codec import encode_body
from contract.identity import AssetId, City, Kind
from contract.messages import AssetState, Counts
from contract.readings import Reading
from contract.tls import Broker as BrokerAddress
from contract.tls import client_context
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.process import Program
from tests.bridge.wire import BOOT, GATEWAY, TOPICS, Sender
from tests.system.mqtt_client import MqttClient
from tests.system.test_bridge import written

pytestmark = pytest.mark.system

PATIENCE_S = 20.0
RETAINED = 300
LAMPS = tuple(AssetId(f"PJU-{n:04}") for n in range(4))
SAME, OTHER, AHEAD, RACED = (TOPICS.asset_state(Kind.STREETLIGHT, lamp) for lamp in LAMPS)
UNKNOWN, LATER = (
    TOPICS.asset_state(Kind.STREETLIGHT, AssetId(name)) for name in ("PJU-9998", "PJU-9999")
)
OLD, FUTURE = (b'{"v":1,"observed_at":"%d-01-01T00:00:00.000Z"}' % year for year in (2020, 2099))


@pytest.fixture
def bridge(tmp_path: Path, broker: Broker, authority: Authority, city: City) -> Iterator[Program]:
    settings = BridgeSettings(
        city=city,
        broker=broker.address(authority.client("bridge")),
        store=StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")),
    )
    centre = written(settings, tmp_path)
    centre.start()
    yield centre.bridge
    if centre.bridge.running:
        centre.bridge.stop()


@pytest.fixture
def reader(broker: Broker, authority: Authority) -> Iterator[MqttClient]:
    with MqttClient(broker.address(authority.client("reader"))) as client:
        client.subscribe(TOPICS.states)
        yield client


def lit(broker: Broker, authority: Authority, reader: MqttClient) -> None:
    """The city's lamps have a state."""
    burn(broker, authority, 1)
    reader.wait_until(
        lambda: {SAME, OTHER, AHEAD, RACED} <= set(reader.topics()), "lit", deadline_s=PATIENCE_S
    )


def burn(broker: Broker, authority: Authority, n: int) -> None:
    """Batch `n`: each lamp takes so many watts."""
    values = [
        Reading(
            asset=lamp, kind=Kind.STREETLIGHT, quantity="power", at_ms=n * 1_000, value=float(n)
        )
        for lamp in LAMPS
    ]
    before = Counts(readings=(n - 1) * len(LAMPS))
    arrived = Sender().sent(n, encode_body(values, (), boot=BOOT, sealed_before=before))
    with MqttClient(broker.address(authority.client(GATEWAY))) as client:
        while client.publish(arrived.topic, arrived.payload, header=arrived.header) != "Success":
            pass  # the broker itself answers each time, until a bridge listens


def said(reader: MqttClient, topic: str) -> list[bytes]:
    return [message.payload for message in reader.heard if message.topic == topic]


def test_a_restarted_bridge_tells_what_differs_and_nothing_else(
    bridge: Program, broker: Broker, authority: Authority, reader: MqttClient
) -> None:
    lit(broker, authority, reader)
    bridge.stop()
    (right,) = said(reader, OTHER)
    with MqttClient(broker.address(authority.client("bridge"))) as before:
        for topic, payload in ((OTHER, OLD), (AHEAD, FUTURE), (UNKNOWN, OLD)):
            before.publish(topic, payload, retain=True)
    bridge.start_and_wait(deadline_s=PATIENCE_S)
    reader.wait_until(
        lambda: said(reader, UNKNOWN)[-1:] == [b""] and said(reader, OTHER)[-1] == right,
        "told what differs",
        deadline_s=PATIENCE_S,
    )
    assert len(said(reader, SAME)) == 1
    assert said(reader, AHEAD)[-1] == FUTURE  # a store put back from a backup stays behind it


def test_a_bridge_takes_no_batch_before_it_has_heard_all_that_is_retained(
    broker: Broker, authority: Authority
) -> None:
    """It would wait behind ten thousand states, while another bridge is free."""
    came: Queue[int] = Queue()

    def deliver(_: Delivery, __: int) -> bool:
        came.put(len(connection.retained.names()))
        return True

    lamps = [AssetId(f"PJU-{n:04}") for n in range(RETAINED)]
    with MqttClient(broker.address(authority.client("bridge-2"))) as before:
        for lamp in lamps:
            before.publish(TOPICS.asset_state(Kind.STREETLIGHT, lamp), OLD, retain=True)
    connection = Connection(
        broker.address(authority.client("bridge")), TOPICS,
        in_flight=10, deliver=deliver, monotonic=time.monotonic,
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(burn, broker, authority, 1)  # again and again until a bridge listens
        connection.open()
        connection.take_batches()
        assert came.get(timeout=PATIENCE_S) == RETAINED
        sent.result(PATIENCE_S)
    connection.close()


def test_what_another_bridge_tells_too_late_does_not_stay(
    bridge: Program, broker: Broker, authority: Authority, reader: MqttClient
) -> None:
    lit(broker, authority, reader)
    (right,) = said(reader, RACED)
    with MqttClient(broker.address(authority.client("bridge-2"))) as other:
        other.publish(RACED, OLD, retain=True)
        other.publish(LATER, OLD, retain=True)
        reader.wait_until(
            lambda: said(reader, RACED)[-1] == right and said(reader, LATER)[-1:] == [b""],
            "told again",
            deadline_s=PATIENCE_S,
        )


def test_a_subscriber_that_takes_nothing_holds_nobody_up_and_finds_the_newest_later(
    bridge: Program, broker: Broker, authority: Authority
) -> None:
    address, other = broker.address(authority.client("reader")), authority.client("bridge-2")
    with MqttClient(broker.address(other)) as quick:  # a bridge may hear the states too
        quick.subscribe(TOPICS.states)
        with stuck(address):
            for n in range(1, 6):
                burn(broker, authority, n)
                quick.wait_until(partial(burns, quick, n), "told", deadline_s=PATIENCE_S)
    with MqttClient(address) as back:
        back.subscribe(TOPICS.states)
        back.wait_until(partial(burns, back, 5), "found")


def burns(client: MqttClient, watts: float) -> bool:
    newest = [AssetState.model_validate_json(state) for state in said(client, SAME)[-1:]]
    return [state.quantities["power"].value for state in newest] == [watts]


@contextmanager
def stuck(address: BrokerAddress) -> Iterator[None]:
    """A central system that is sent one message at a time and acknowledges none."""
    one_at_a_time = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    one_at_a_time.ReceiveMaximum = 1
    subscribed = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, manual_ack=True)
    client.tls_set_context(client_context(address))
    client.on_connect = lambda joined, *_: joined.subscribe(TOPICS.states, qos=1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect(address.host, address.port, properties=one_at_a_time)
    client.loop_start()
    try:
        assert subscribed.wait(PATIENCE_S)
        yield
    finally:
        client.disconnect()
        client.loop_stop()
