"""One connection to the broker, from CONNECT until it is lost; a lost one is never used again."""

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import (
    MQTT_LOG_ERR,
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
)
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from broker_bridge.acknowledging import InOrder
from broker_bridge.errors import BrokerRefused
from broker_bridge.inbound import Arrived
from broker_bridge.language import Marked, mark
from broker_bridge.retained import Retained
from contract.codec import MAX_BODY_BYTES
from contract.identity import GatewayId
from contract.tls import Broker, client_context
from contract.topics import Topics

CONNECT_TIMEOUT_S = 10.0
PUBLISH_TIMEOUT_S = 20.0
CLOSE_TIMEOUT_S = 5.0
MAX_UNCONFIRMED = 1_000
# A body or statement of the largest size with its header; the broker keeps larger ones from us.
MAX_PACKET_BYTES = 2 * MAX_BODY_BYTES

NOBODY = GatewayId("nadi-check")  # a gateway that no city has, so that nobody hears the probe

log = logging.getLogger(__name__)

_HINTS = {
    "Not authorized": mark("the broker's access list must name this certificate as a bridge"),
    "Bad user name or password": mark(
        "the broker does not take its certificate's name as the user"
    ),
    "Session taken over": mark("another bridge uses the same certificate; give each its own"),
    "Shared subscriptions not supported": mark("use a broker with MQTT 5 shared subscriptions"),
}


class Delivery:
    """A message and the connection that must acknowledge it."""

    __slots__ = ("arrived", "connection", "mid")

    def __init__(self, arrived: Arrived, connection: "Connection", mid: int) -> None:
        self.arrived = arrived
        self.connection = connection
        self.mid = mid


class Connection:
    """MQTT 5 with manual acknowledgement and a clean start: the broker keeps nothing for us.

    A session that outlived its bridge would go on taking its share of the batches; the gateways
    send again whatever has no receipt.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        *,
        in_flight: int,
        deliver: Callable[[Delivery, int], bool],
        monotonic: Callable[[], float],
        hears_feed: bool = True,
    ) -> None:
        """`deliver` takes a delivery and its size in bytes, on the network thread; False: no room.

        `hears_feed` fills `retained`. Raises SettingsError if a certificate cannot be used.
        """
        self._broker = broker
        self._heard_first = [*topics.statements, *([topics.states] if hears_feed else [])]
        self._batches = topics.shared_batches
        self._states = topics.states
        self._takes_batches = False
        self._left = threading.Event()
        self._probe_topic = topics.receipt(NOBODY)
        self._probe = 0
        self._in_flight = in_flight
        self._deliver = deliver
        self._lost = threading.Event()
        self._settled = threading.Event()
        self._ready = False
        self._words = ""
        self._refused = False
        self._room = threading.Condition()
        self._unconfirmed = 0
        self.shed = 0
        self.retained = Retained(monotonic)
        self._topics = topics
        self._client = self._new_client()
        self._order = InOrder(lambda mid: self._client.ack(mid, 1))

    @property
    def lost(self) -> bool:
        """Whether it has ended."""
        return self._lost.is_set()

    @property
    def reason(self) -> str:
        """Why it ended, in words."""
        return self._words or mark("the connection was lost")

    def open(self) -> None:
        """Returns once all statements and states that the broker retains are here, and we may tell
        receipts; raises BrokerRefused in words.
        """
        broker = f"{self._broker.host}:{self._broker.port}"
        try:
            self._client.connect(
                self._broker.host,
                self._broker.port,
                self._broker.keepalive_s,
                clean_start=True,
                properties=self._connect_properties(),
            )
        except ssl.SSLCertVerificationError as error:
            raise BrokerRefused(
                mark(
                    "the broker at {broker} shows a certificate that ca_file does not vouch for:"
                    " {why}"
                ),
                hint=mark("host must be a name in the broker's certificate, ca_file its authority"),
                broker=broker,
                why=error.verify_message,
            ) from error
        except OSError as error:
            raise BrokerRefused(
                mark("the broker at {broker} cannot be reached: {why}"),
                hint=mark("is it running, and the port right?"),
                broker=broker,
                why=error,
            ) from error
        self._client.loop_start()
        self._wait_settled()
        if not self._ready:
            raise self._refusal()
        self._client.on_log = None

    def take_batches(self) -> None:
        """From now on a share of the batches is ours; raises BrokerRefused in words.

        Once what `open` heard is settled, or they would wait behind it.
        """
        self._settled.clear()
        if not self.lost:
            self._client.subscribe(self._batches, qos=1)
            self._wait_settled()
        if not self._takes_batches:
            raise self._refusal()

    def leave_batches(self) -> None:
        """Returns once no more of the batches comes, or after a while."""
        self._client.unsubscribe(self._batches)
        self._left.wait(CLOSE_TIMEOUT_S)

    def _wait_settled(self) -> None:
        while not self._settled.wait(CONNECT_TIMEOUT_S):
            if not self.retained.is_coming(CONNECT_TIMEOUT_S):
                self._words = mark("it gives no answer")
                return

    def _refusal(self) -> BrokerRefused:
        self.close()
        return BrokerRefused(
            mark("the broker at {broker} refuses: {why}"),
            hint=self._hint(),
            broker=f"{self._broker.host}:{self._broker.port}",
            why=self.reason,
        )

    def wait_lost(self, timeout_s: float | None) -> bool:
        """Whether it ended within `timeout_s`; None waits for ever."""
        return self._lost.wait(timeout_s)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> bool:
        """Hands a message to the broker, QoS 1; waits while too many are unconfirmed.

        False once the connection is lost: whoever connects next says everything again.
        """
        with self._room:
            free = self._room.wait_for(
                lambda: self.lost or self._unconfirmed < MAX_UNCONFIRMED, PUBLISH_TIMEOUT_S
            )
            if self.lost:
                return False
            self._unconfirmed += 1
        if not free:
            self._end(f"the broker confirmed nothing for {PUBLISH_TIMEOUT_S:g} s")
            self._client.disconnect()
            return False
        self._client.publish(topic, payload, qos=1, retain=retain)
        return True

    def acknowledge(self, mid: int) -> None:
        """PUBACK in its turn; nothing for QoS 0 (mid 0) or once the connection is lost."""
        if mid and not self.lost:
            self._order.done(mid)

    def close(self) -> None:
        """Sends what is queued, then DISCONNECT."""
        self._client.disconnect()
        if self._lost.wait(CLOSE_TIMEOUT_S):
            self._client.loop_stop()
        self._end("closed")

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.tls_set_context(client_context(self._broker))
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(MAX_UNCONFIRMED)
        client.on_socket_open = _without_delay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = lambda *_: self._left.set()
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_log = self._on_log
        return client

    def _connect_properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = self._in_flight
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        return properties

    def _hint(self) -> Marked:
        for word, hint in _HINTS.items():
            if word in self._words:
                return hint
        return mark("see the broker's log; does it trust this bridge's certificate?")

    def _on_connect(
        self,
        client: Client,
        _userdata: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._end(str(reason))
            return
        client.message_callback_add(self._states, self._on_state)
        client.subscribe([(topic, self._options(topic)) for topic in self._heard_first])

    def _options(self, topic: str) -> SubscribeOptions:
        """States at QoS 0: what does not come is told once more, and takes no place of a batch.

        They stay true of what other bridges tell.
        """
        return SubscribeOptions(noLocal=True) if topic == self._states else SubscribeOptions(qos=1)

    def _on_subscribe(
        self,
        client: Client,
        _userdata: Any,
        _mid: int,
        reasons: Sequence[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """A broker that refuses the states lets us tell all of them each time."""
        topics = [self._batches] if self._ready else self._heard_first
        refused = [
            f"{reason} for {topic}"
            for topic, reason in zip(topics, reasons, strict=True)
            if reason.is_failure and topic != self._states
        ]
        if refused:
            self._end(refused[0])
            client.disconnect()
        elif self._ready:
            self._takes_batches = True
            self._settled.set()
        else:
            self.retained.begin()
            # A broker may grant a subscription and deliver nothing; what it refuses to take, it
            # says. Its answer comes behind all that it retains.
            self._probe = client.publish(self._probe_topic, b"", qos=1).mid

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        header = getattr(message.properties, "UserProperty", ())
        arrived = Arrived(topic=message.topic, header=header, payload=bytes(message.payload))
        size = len(message.payload) + sum(len(name) + len(value) for name, value in header)
        mid = message.mid if message.qos else 0
        if mid:
            self._order.came(mid)
        if not self._deliver(Delivery(arrived, self, mid), size):
            # Without a receipt the gateway sends it again; an unacknowledged one would hold a slot.
            if not self.shed:
                log.warning("no room for more messages; their gateways will send them again")
            self.shed += 1
            self.acknowledge(mid)

    def _on_state(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        if name := self._topics.parse_state(message.topic):
            self.retained.hear(name, bytes(message.payload), retained=message.retain)

    def _on_publish(
        self,
        client: Client,
        _userdata: Any,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if mid == self._probe:
            self._on_probed(client, reason)
            return
        with self._room:
            self._unconfirmed -= 1
            self._room.notify()
        if reason.is_failure and not self._refused:
            self._refused = True
            log.warning("the broker refuses what we publish reason=%r", str(reason))

    def _on_probed(self, client: Client, reason: ReasonCode) -> None:
        self._probe = 0
        if reason.is_failure:
            self._words = f"{reason} to publish receipts"
            self._end(self._words)
            client.disconnect()
            return
        self._ready = True
        self._settled.set()

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._end(str(reason))

    def _on_log(self, _client: Client, _userdata: Any, level: int, text: str) -> None:
        if level == MQTT_LOG_ERR and not self.lost:
            self._words = text

    def _end(self, words: str) -> None:
        self._words = self._words or words
        self._lost.set()
        self._settled.set()
        self._left.set()
        with self._room:
            self._room.notify_all()


def _without_delay(_client: Client, _userdata: Any, sock: Any) -> None:
    """Nagle's delay makes a drain with one message in flight ten times slower."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
