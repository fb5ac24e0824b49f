"""Each gateway speaks and hears for itself alone, whatever it asks of the broker."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.identity import City, GatewayId, Lane
from contract.tls import Broker
from contract.topics import Topics
from provisioning.visit import listens
from tests.provisioning.conftest import Centre
from tests.system.mqtt_client import MqttClient

pytestmark = pytest.mark.system
TOPICS = Topics(City("baubau"))
REFUSED = "Not authorized"
FEW, MANY = 8, 50


@dataclass(slots=True)
class Fleet:
    """The gateways' connections, and a bridge that hears whatever the broker takes."""

    bridge: MqttClient
    address: dict[GatewayId, Broker]
    connected: dict[GatewayId, MqttClient] = field(default_factory=dict)

    @property
    def names(self) -> Sequence[GatewayId]:
        return list(self.connected)

    def pairs(self) -> Iterator[tuple[GatewayId, GatewayId]]:
        """Everyone with everyone else."""
        return ((a, b) for a in self.names for b in self.names if a != b)

    def connect(self, name: GatewayId) -> None:
        """Connects; only the newest client is kept, since each holds three files open."""
        self.connected[name] = MqttClient(self.address[name]).__enter__()

    def leave(self) -> None:
        """Ends every connection."""
        for client in self.connected.values():
            client.__exit__()

    def come_back(self, name: GatewayId) -> None:
        """Connects anew if the gateway's own twin has pushed it out."""
        if self.connected[name].gone:
            self.connected[name].__exit__()
            self.connect(name)

    def heard_from_others(self) -> list[str]:
        """Topics on which the bridge heard a payload that is not of the topic's gateway."""
        return [
            one.topic
            for one in self.bridge.heard
            if one.payload and one.topic.split("/")[4].encode() != one.payload
        ]


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=pytest.mark.nightly)], ids=["a few", "all"])
def fleet(request: pytest.FixtureRequest, centre: Centre) -> Iterator[Fleet]:
    names = [GatewayId(f"bb-{n:04}") for n in range(request.param)]
    with MqttClient(_bridge(centre)) as bridge:
        bridge.subscribe("nadi/v1/baubau/edge/#")
        fleet = Fleet(bridge=bridge, address={name: centre.address(name) for name in names})
        for name in names:
            fleet.connect(name)
        yield fleet
        fleet.leave()


def _bridge(centre: Centre) -> Broker:
    folder = centre.authority.folder / "clients" / "bridge"
    return Broker(
        host="127.0.0.1",
        port=centre.port,
        ca_file=str(folder / "ca.pem"),
        cert_file=str(folder / "bridge.pem"),
        key_file=str(folder / "bridge.key"),
    )


def test_nobody_publishes_retains_or_receipts_for_another(fleet: Fleet) -> None:
    for name, other in fleet.pairs():
        client, said = fleet.connected[name], name.encode()
        for topic in (
            *(TOPICS.batch(other, lane) for lane in Lane),
            TOPICS.holding(other),
            TOPICS.status(other),
            TOPICS.receipt(other),
            TOPICS.gateway_state(other),
        ):
            assert client.publish(topic, said) == REFUSED, (name, topic)
        for topic in (TOPICS.holding(other), TOPICS.status(other), TOPICS.receipt(other)):
            assert client.publish(topic, said, retain=True) == REFUSED, (name, topic)
    for name in fleet.names:
        client = fleet.connected[name]
        assert client.publish(TOPICS.receipt(name), name.encode()) == REFUSED
        assert client.publish(TOPICS.gateway_state(name), name.encode()) == REFUSED
        assert client.publish(TOPICS.status(name), name.encode(), retain=True) == "Success"
    fleet.bridge.wait_until(lambda: len(fleet.bridge.heard) == len(fleet.names), "heard")
    assert fleet.heard_from_others() == []
    print(f"refused={10 * len(list(fleet.pairs())) + 2 * len(fleet.names)}")


def test_nobody_hears_another_or_the_feed(fleet: Fleet) -> None:
    """Mosquitto grants every subscription and delivers what the rules allow."""
    for name, other in fleet.pairs():
        fleet.connected[name].subscribe(TOPICS.receipt(other))
    for name in fleet.names:
        for topic in ("#", "nadi/v1/+/edge/+/+", "nadi/v1/baubau/feed/#", "$share/x/nadi/#"):
            fleet.connected[name].subscribe(topic)
    for name in fleet.names:
        fleet.connected[name].publish(TOPICS.status(name), name.encode())
        for lane in Lane:
            fleet.connected[name].publish(TOPICS.batch(name, lane), name.encode())
        fleet.bridge.publish(TOPICS.gateway_state(name), b"feed", retain=True)
        fleet.bridge.publish(TOPICS.receipt(name), name.encode(), retain=True)
    for name in fleet.names:
        client = fleet.connected[name]
        client.wait_until(lambda: bool(client.heard), "heard")  # noqa: B023 waits at once
        fleet.bridge.publish(TOPICS.receipt(name), b"end")
        client.wait_until(lambda: b"end" in [one.payload for one in client.heard], "heard")  # noqa: B023
        assert set(client.topics()) == {TOPICS.receipt(name)}, name
    print(f"subscriptions_of_others={len(list(fleet.pairs())) + 4 * len(fleet.names)} heard=0")


def test_nobody_leaves_a_will_for_another(fleet: Fleet) -> None:
    for name, other in fleet.pairs():
        _die_with_will(fleet.address[name], TOPICS.status(other), name.encode())
    for name in fleet.names:
        _die_with_will(fleet.address[name], TOPICS.status(name), name.encode())
        fleet.bridge.wait_until(
            lambda: TOPICS.status(name) in [one.topic for one in fleet.bridge.heard],  # noqa: B023
            "heard",
        )
    assert fleet.heard_from_others() == []
    print(f"wills_for_others={len(list(fleet.pairs()))} told=0")


def _die_with_will(address: Broker, topic: str, payload: bytes) -> None:
    """Connects, and is gone without a word."""
    client = MqttClient(address)
    client.set_will(topic, payload)
    client.vanish()


def test_nobody_takes_the_client_id_of_another(fleet: Fleet) -> None:
    for other in fleet.names:
        victim = fleet.connected[other]
        for name in [one for one in fleet.names if one != other]:
            with MqttClient(fleet.address[name], client_id=other) as twin:
                assert twin.publish(TOPICS.status(other), name.encode()) == REFUSED
                assert twin.publish(TOPICS.status(name), name.encode()) == "Success"
        assert not victim.gone
        for name in fleet.names:  # who tried has pushed itself out, and comes back
            fleet.come_back(name)
    assert fleet.heard_from_others() == []
    print(f"client_ids_of_others={len(list(fleet.pairs()))} pushed_out=0")


def test_a_response_topic_reaches_nobody_else(fleet: Fleet) -> None:
    """The property only travels: whoever answered to it would need the right to write there."""
    for name in fleet.names:
        fleet.connected[name].subscribe("nadi/#")
    for name, other in fleet.pairs():
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = TOPICS.receipt(other)
        properties.CorrelationData = name.encode()
        client = fleet.connected[name]
        assert client.publish_with(TOPICS.status(name), name.encode(), properties) == "Success"
        answer = client.publish_with(TOPICS.receipt(other), name.encode(), properties)
        assert answer == REFUSED
    for name in fleet.names:
        fleet.bridge.publish(TOPICS.receipt(name), b"end")
        client = fleet.connected[name]
        client.wait_until(lambda: bool(client.heard), "heard")  # noqa: B023 waits at once
        assert [one.payload for one in client.heard] == [b"end"]
    print(f"response_topics_of_others={len(list(fleet.pairs()))} answered=0")


def test_the_judge_finds_a_broker_that_lets_everyone_speak(centre: Centre) -> None:
    """The control: one rule too many, and a gateway is heard in another's name."""
    acl = centre.authority.broker_folder / "nadi.acl"
    acl.write_text(acl.read_text() + "\npattern write nadi/v1/baubau/edge/+/status\n")
    centre.broker.stop()
    centre.broker.start()
    names = [GatewayId("bb-0001"), GatewayId("bb-0002")]
    address = {name: centre.address(name) for name in names}
    centre.broker.wait_until(
        lambda: listens("127.0.0.1", centre.port), what="listening", deadline_s=20
    )
    with MqttClient(_bridge(centre)) as bridge, MqttClient(address[names[0]]) as gateway:
        bridge.subscribe("nadi/v1/baubau/edge/#")
        fleet = Fleet(bridge=bridge, address=address)
        assert gateway.publish(TOPICS.status(names[1]), names[0].encode()) == "Success"
        bridge.wait_until(lambda: bool(bridge.heard), "heard")
        assert fleet.heard_from_others() == [TOPICS.status(names[1])]
