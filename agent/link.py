"""The road to the broker: publish and learn its answer, and hear the city's receipts."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import LinkDown
from agent.mqtt_client import Client
from contract.tls import Broker

NO_SUBSCRIBERS = 0x10  # MQTT 5, 3.4.2.1: accepted, and nobody was there to take it
MAX_RECEIPTS_WAITING = 8  # each is whole, so only the newest matters
CALL_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message upward; `properties` are MQTT 5 user properties."""

    topic: str
    payload: bytes
    properties: Sequence[tuple[str, str]] = ()
    retain: bool = False


class Link(Protocol):
    """One connection; it ends by raising LinkDown."""

    async def publish(self, post: Post) -> str | None:
        """None once the broker has it, or the broker's reason for not taking it."""
        ...

    def messages(self) -> AsyncIterator[bytes]:
        """Payloads of the subscribed topic, the newest last."""
        ...


class Connector(Protocol):
    """Opens links, one at a time."""

    def connect(self) -> AbstractAsyncContextManager[Link]:
        """A link that has subscribed; raises LinkDown with the reason in words."""
        ...


class _Client(Client):
    """With the reason code of each PUBACK, which aiomqtt 2.5 drops."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons: dict[int, ReasonCode] = {}

    def _on_publish(
        self,
        client: PahoClient,
        userdata: Any,
        mid: int,
        reason_code: ReasonCode,
        properties: Properties,
    ) -> None:
        if reason_code.is_failure or reason_code.value == NO_SUBSCRIBERS:
            self.reasons[mid] = reason_code
        super()._on_publish(client, userdata, mid, reason_code, properties)

    async def deliver(self, post: Post) -> str | None:
        """Publish with QoS 1 and wait for the PUBACK; returns a refusal in words."""
        info = self._client.publish(post.topic, post.payload, 1, post.retain, _properties(post))
        if info.rc != 0:
            raise aiomqtt.MqttError(f"cannot publish: code {info.rc}")
        if not info.is_published():
            confirmed = asyncio.Event()
            with self._pending_call(info.mid, confirmed, self._pending_publishes):
                await self._wait_for(confirmed.wait(), None)
        reason = self.reasons.pop(info.mid, None)
        return None if reason is None else str(reason)


def _properties(post: Post) -> Properties | None:
    if not post.properties:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho
    properties.UserProperty = list(post.properties)
    return properties


class MqttLink:
    """A link over aiomqtt."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    async def publish(self, post: Post) -> str | None:
        """QoS 1, and the broker's answer."""
        try:
            return await self._client.deliver(post)
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            raise LinkDown(_in_words(error)) from error

    async def messages(self) -> AsyncIterator[bytes]:
        """Payloads as they come."""
        try:
            async for message in self._client.messages:
                if isinstance(message.payload, bytes):
                    yield message.payload
        except aiomqtt.MqttError as error:
            raise LinkDown(_in_words(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttConnector:
    """Connects to the city's broker with mutual TLS."""

    broker: Broker
    tls: ssl.SSLContext | None
    identifier: str
    listen: str  # the topic of the receipts
    will: Post

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        """A clean session: the broker keeps nothing of ours, so nothing there can be stale."""
        client = _Client(
            self.broker.host,
            self.broker.port,
            identifier=self.identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            keepalive=self.broker.keepalive_s,
            tls_context=self.tls,
            timeout=CALL_TIMEOUT_S,
            max_queued_incoming_messages=MAX_RECEIPTS_WAITING,
            queue_type=_Newest,
            max_inflight_messages=4_096,
            max_queued_outgoing_messages=0,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            will=aiomqtt.Will(self.will.topic, self.will.payload, qos=1, retain=True),
        )
        client.pending_calls_threshold = 100_000  # the window is bounded by the uplink
        try:
            await client.__aenter__()
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            raise LinkDown(_in_words(error)) from error
        try:
            await client.subscribe(self.listen, qos=1)
            yield MqttLink(client)
        except (aiomqtt.MqttError, OSError) as error:
            raise LinkDown(_in_words(error)) from error
        finally:
            await _leave(client)


class _Newest(asyncio.Queue[aiomqtt.Message]):
    """A bounded queue that lets the oldest go: statements are whole, the newest says it all."""

    def put_nowait(self, item: aiomqtt.Message) -> None:
        if self.full():
            self.get_nowait()
        super().put_nowait(item)


async def _leave(client: _Client) -> None:
    try:
        await client.__aexit__(None, None, None)
    except (aiomqtt.MqttError, OSError):
        return  # the connection was already gone


FAILURES: tuple[tuple[type[OSError], str], ...] = (
    (ConnectionRefusedError, "the broker refuses connections on that port"),
    (socket.gaierror, "the broker's name is not known here"),
    (TimeoutError, "the broker does not answer"),
    (PermissionError, "nadi-agent.service may not reach that address: give it IPAddressAllow="),
)


def _in_words(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the broker's certificate is refused: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or cause}"
    for kind, words in FAILURES:
        if isinstance(cause, kind):
            return words
    return str(error) or type(error).__name__


@dataclass(slots=True)
class FakeLink:
    """A link in memory: says what was published, answers as told, delivers what it is given."""

    posts: list[Post] = field(default_factory=list)
    refusal: str | None = None
    down: bool = False
    incoming: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    async def publish(self, post: Post) -> str | None:
        """Record the post."""
        if self.down:
            raise LinkDown("the fibre is cut")
        self.posts.append(post)
        return self.refusal

    async def messages(self) -> AsyncIterator[bytes]:
        """Whatever was put into `incoming`; None cuts the fibre."""
        while (payload := await self.incoming.get()) is not None:
            yield payload
        raise LinkDown("the fibre is cut")

    def cut(self) -> None:
        """Lose the connection."""
        self.down = True
        self.incoming.put_nowait(None)


class FakeConnector:
    """Hands out the given links in turn, then waits for ever."""

    def __init__(self, *links: FakeLink | LinkDown) -> None:
        self._links = list(links)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        """The next link, or its failure."""
        if not self._links:
            await asyncio.get_running_loop().create_future()
        link = self._links.pop(0)
        if isinstance(link, LinkDown):
            raise link
        yield link
