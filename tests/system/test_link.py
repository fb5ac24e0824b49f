"""One suite for the fake link and for the real one over Mosquitto: what a road to the broker is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from agent.errors import LinkDown
from agent.link import Connector, FakeConnector, FakeLink, Link, MqttConnector, Post
from contract.identity import City, GatewayId, Lane
from contract.tls import client_context
from contract.topics import Topics
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from tests.system.mqtt_client import MqttClient

pytestmark = pytest.mark.system

OWN = GatewayId("bb-0001")
TOPICS = Topics(City("baubau"))
BATCH = Post(
    topic=TOPICS.batch(OWN, Lane.LIVE), payload=b"bytes", properties=(("v", "1"), ("n", "7"))
)
NOBODY = "No matching subscribers"


class Scene(Protocol):
    """A link's other end."""

    connector: Connector

    async def bridge_listens(self) -> None: ...
    async def say_receipt(self, payload: bytes) -> None: ...
    async def cut(self) -> None: ...
    async def heard(self) -> list[bytes]: ...


class FakeScene:
    """The other end in memory."""

    def __init__(self) -> None:
        self.link = FakeLink(refusal=NOBODY)
        self.connector: Connector = FakeConnector(self.link)

    async def bridge_listens(self) -> None:
        self.link.refusal = None

    async def say_receipt(self, payload: bytes) -> None:
        self.link.incoming.put_nowait(payload)

    async def cut(self) -> None:
        self.link.cut()

    async def heard(self) -> list[bytes]:
        return [post.payload for post in self.link.posts]


class MqttScene:
    """A real broker, and a bridge's client on it."""

    def __init__(self, broker: Broker, authority: Authority, ending: AsyncExitStack) -> None:
        self.broker = broker
        self.connector: Connector = mqtt_connector(broker, authority, OWN)
        self.bridge = MqttClient(broker.address(authority.client("bridge")))
        ending.enter_context(self.bridge)

    async def bridge_listens(self) -> None:
        await asyncio.to_thread(self.bridge.subscribe, TOPICS.shared_batches)

    async def say_receipt(self, payload: bytes) -> None:
        topic = TOPICS.receipt(OWN)
        await asyncio.to_thread(self.bridge.publish, topic, payload, retain=True)

    async def cut(self) -> None:
        await asyncio.to_thread(self.broker.kill)

    async def heard(self) -> list[bytes]:
        await asyncio.to_thread(self.bridge.wait_until, lambda: bool(self.bridge.heard), "heard")
        return [message.payload for message in self.bridge.heard]


def mqtt_connector(broker: Broker, authority: Authority, user: str) -> MqttConnector:
    address = broker.address(authority.client(user))
    return MqttConnector(
        broker=address,
        tls=client_context(address),
        identifier=user,
        listen=TOPICS.receipt(OWN),
        will=Post(topic=TOPICS.status(OWN), payload=b'{"state":"offline"}', retain=True),
    )


@pytest.fixture(params=["fake", "mosquitto"])
async def scene(
    request: pytest.FixtureRequest, broker: Broker, authority: Authority
) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as ending:
        yield FakeScene() if request.param == "fake" else MqttScene(broker, authority, ending)


async def test_what_is_published_is_answered_and_heard(scene: Scene) -> None:
    await scene.bridge_listens()
    async with scene.connector.connect() as link:
        assert await link.publish(BATCH) is None
    assert await scene.heard() == [b"bytes"]


async def test_what_nobody_hears_is_refused_in_words(scene: Scene) -> None:
    async with scene.connector.connect() as link:
        assert await link.publish(BATCH) == NOBODY


async def test_a_receipt_is_heard(scene: Scene) -> None:
    async with scene.connector.connect() as link:
        messages = link.messages()
        await scene.say_receipt(b"one")
        await scene.say_receipt(b"two")
        async with asyncio.timeout(10):
            assert [await anext(messages), await anext(messages)] == [b"one", b"two"]


async def test_a_receipt_from_before_the_link_is_heard_on_it(scene: Scene) -> None:
    await scene.say_receipt(b"kept")
    async with scene.connector.connect() as link, asyncio.timeout(10):
        assert await anext(link.messages()) == b"kept"


async def test_a_link_that_is_cut_says_so_to_whoever_listens_or_sends(scene: Scene) -> None:
    async def listen() -> None:
        async with scene.connector.connect() as link, asyncio.timeout(20):
            links.append(link)
            await scene.cut()
            await anext(link.messages())

    links: list[Link] = []
    with pytest.raises(LinkDown):
        await listen()
    with pytest.raises(LinkDown):
        await links[0].publish(BATCH)


async def test_the_will_is_told_when_the_gateway_vanishes(
    broker: Broker, authority: Authority
) -> None:
    with MqttClient(broker.address(authority.client("bridge"))) as bridge:
        await asyncio.to_thread(bridge.subscribe, TOPICS.status(OWN))
        async with mqtt_connector(broker, authority, OWN).connect():
            # The same name connects again: the broker drops the first without a goodbye.
            with MqttClient(broker.address(authority.client(OWN)), client_id=OWN):
                await asyncio.to_thread(bridge.wait_until, lambda: bool(bridge.heard), "told")
    assert bridge.heard[0].payload == b'{"state":"offline"}'


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_of_another_authority_is_refused_in_words(
    broker: Broker, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", now=datetime.now(UTC))
    mine = broker.address(authority.client(OWN))
    address = mine.model_copy(update={"ca_file": str(other.ca_file)})
    connector = MqttConnector(
        broker=address,
        tls=client_context(address),
        identifier=OWN,
        listen=TOPICS.receipt(OWN),
        will=BATCH,
    )
    with pytest.raises(LinkDown, match="certificate is refused"):
        async with connector.connect():
            pass


async def test_a_broker_that_is_not_there_is_said(broker: Broker, authority: Authority) -> None:
    broker.kill()
    with pytest.raises(LinkDown, match="refuses connections"):
        async with mqtt_connector(broker, authority, OWN).connect():
            pass


async def test_a_topic_that_is_not_ours_is_refused_in_words(
    broker: Broker, authority: Authority
) -> None:
    async with mqtt_connector(broker, authority, GatewayId("bb-0002")).connect() as link:
        assert await link.publish(BATCH) == "Not authorized"
