"""What a central system hears of the streetlights' states, as it comes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.city import CITY
from contract.identity import AssetId, Kind
from contract.tls import Broker, client_context
from contract.topics import Topics

STATES = Topics(CITY).asset_state(Kind.STREETLIGHT, AssetId("+"))


@contextmanager
def heard_by(broker: Broker, hear: Callable[[str], object]) -> Iterator[None]:
    """Calls `hear` with the topic of each state, on a thread of its own."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.tls_set_context(client_context(broker))

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        hear(message.topic)

    def subscribe(joined: mqtt.Client, *_: Any) -> None:
        joined.subscribe(STATES, qos=1)

    client.on_message, client.on_connect = on_message, subscribe
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()
