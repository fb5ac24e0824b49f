"""A plain MQTT 5 client whose every wait has a deadline."""

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from contract.tls import Broker, client_context

DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message as it came in."""

    topic: str
    payload: bytes
    retained: bool


class MqttClient:
    """Connected while its block runs."""

    def __init__(self, address: Broker, *, client_id: str = "") -> None:
        self.heard: list[Heard] = []
        self._answers: dict[int, ReasonCode] = {}
        self._connected: ReasonCode | None = None
        self._gone = False
        self._change = threading.Condition()
        self._address = address
        self._mqtt = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        self._mqtt.tls_set_context(client_context(address))
        self._mqtt.on_connect = self._on_connect
        self._mqtt.on_disconnect = self._on_disconnect
        self._mqtt.on_publish = self._on_publish
        self._mqtt.on_subscribe = self._on_subscribe
        self._mqtt.on_message = self._on_message

    def __enter__(self) -> Self:
        self._mqtt.connect(self._address.host, self._address.port)
        self._mqtt.loop_start()
        try:
            self.wait_until(lambda: self._connected is not None or self._gone, "connected")
            if self._connected is None:
                raise ConnectionRefusedError("the broker closed the connection")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._mqtt.disconnect()
        self._mqtt.loop_stop()
        # paho closes its sockets when it is collected, and its callbacks hold us, who hold it.
        self._mqtt.on_connect = self._mqtt.on_disconnect = None
        self._mqtt.on_publish = self._mqtt.on_subscribe = self._mqtt.on_message = None

    @property
    def gone(self) -> bool:
        """Whether the broker closed the connection."""
        return self._gone

    def publish(
        self,
        topic: str,
        payload: bytes = b"x",
        *,
        header: Sequence[tuple[str, str]] = (),
        retain: bool = False,
    ) -> str:
        """The broker's answer to a QoS 1 message with these user properties, in words."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if header:
            properties.UserProperty = list(header)
        return self.publish_with(topic, payload, properties, retain=retain)

    def publish_with(
        self, topic: str, payload: bytes, properties: Properties, *, retain: bool = False
    ) -> str:
        """The broker's answer to a QoS 1 message with these properties, in words."""
        sent = self._mqtt.publish(topic, payload, qos=1, retain=retain, properties=properties)
        return self._answer(sent.mid)

    def set_will(self, topic: str, payload: bytes) -> None:
        """What the broker says for us if we vanish; before the block begins."""
        self._mqtt.will_set(topic, payload, qos=1)

    def vanish(self) -> None:
        """Connects, and is gone without DISCONNECT."""
        with self:
            sock = self._mqtt.socket()
            assert isinstance(sock, socket.socket)
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
            self.wait_until(lambda: self._gone, "gone")

    def subscribe(self, topic: str) -> str:
        """The broker's answer to a QoS 1 subscription, in words."""
        mid = self._mqtt.subscribe(topic, qos=1)[1]
        assert mid is not None
        return self._answer(mid)

    def wait_until(
        self, true: Callable[[], bool], what: str, *, deadline_s: float = DEADLINE_S
    ) -> None:
        """Returns when `true()`; fails after `deadline_s`."""
        with self._change:
            assert self._change.wait_for(true, deadline_s), f"not {what} within {deadline_s} s"

    def topics(self) -> list[str]:
        """The topics heard so far, in order."""
        with self._change:
            return [message.topic for message in self.heard]

    def _answer(self, mid: int) -> str:
        self.wait_until(lambda: mid in self._answers, "answered")
        return str(self._answers[mid])

    def _on_connect(
        self, _: mqtt.Client, __: Any, ___: Any, code: ReasonCode, ____: Properties | None
    ) -> None:
        with self._change:
            self._connected = code
            self._change.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._change:
            self._gone = True
            self._change.notify_all()

    def _on_publish(
        self, _: mqtt.Client, __: Any, mid: int, code: ReasonCode, ___: Properties | None
    ) -> None:
        with self._change:
            self._answers[mid] = code
            self._change.notify_all()

    def _on_subscribe(
        self, _: mqtt.Client, __: Any, mid: int, codes: list[ReasonCode], ___: Properties | None
    ) -> None:
        with self._change:
            self._answers[mid] = codes[0]
            self._change.notify_all()

    def _on_message(self, _: mqtt.Client, __: Any, message: mqtt.MQTTMessage) -> None:
        with self._change:
            self.heard.append(
                Heard(topic=message.topic, payload=bytes(message.payload), retained=message.retain)
            )
            self._change.notify_all()
