"""The city's broker lets everyone speak only for themselves, and holds nothing we need."""

import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract.identity import AssetId, City, GatewayId, Kind, Lane
from contract.tls import client_context
from contract.topics import Topics
from scripts.district.broker import Broker
from scripts.district.certificates import Authority, Credentials
from tests.system.mqtt_client import MqttClient

pytestmark = pytest.mark.system

OWN, OTHER = GatewayId("bb-0001"), GatewayId("bb-0002")
REFUSED = "Not authorized"


@pytest.fixture
def topics(city: City) -> Topics:
    return Topics(city)


def as_user(broker: Broker, authority: Authority, name: str, client_id: str = "") -> MqttClient:
    return MqttClient(broker.address(authority.client(name)), client_id=client_id)


def test_the_bridge_hears_a_gateway_through_its_shared_subscription(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with (
        as_user(broker, authority, "bridge") as bridge,
        as_user(broker, authority, OWN) as gateway,
    ):
        for topic in (topics.shared_batches, *topics.statements):
            assert bridge.subscribe(topic) == "Granted QoS 1"
        sent = [topics.batch(OWN, lane) for lane in Lane] + [topics.holding(OWN)]
        for topic in sent:
            assert gateway.publish(topic) == "Success"
        bridge.wait_until(lambda: len(bridge.heard) == len(sent), "heard")
        assert sorted(bridge.topics()) == sorted(sent)


def test_a_gateway_cannot_publish_as_another(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with (
        as_user(broker, authority, "bridge") as bridge,
        as_user(broker, authority, OWN) as gateway,
    ):
        bridge.subscribe("nadi/v1/baubau/edge/#")
        for topic in (
            topics.batch(OTHER, Lane.LIVE),
            topics.holding(OTHER),
            topics.status(OTHER),
            "nadi/v1/kendari/edge/bb-0001/status",
            "nadi/v1/baubau/edge/bb-0001/batch/live/more",
        ):
            assert gateway.publish(topic) == REFUSED
        gateway.publish(topics.status(OWN))
        bridge.wait_until(lambda: bool(bridge.heard), "heard")
        assert bridge.topics() == [topics.status(OWN)]


def test_a_gateway_cannot_write_a_receipt_or_the_feed(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with as_user(broker, authority, OWN) as gateway:
        assert gateway.publish(topics.receipt(OWN)) == REFUSED
        assert gateway.publish(topics.receipt(OTHER)) == REFUSED
        assert gateway.publish(topics.asset_state(Kind.CAMERA, AssetId("CAM-0001"))) == REFUSED


def test_a_gateway_hears_only_its_own_receipt(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with (
        as_user(broker, authority, "bridge") as bridge,
        as_user(broker, authority, OWN) as gateway,
    ):
        gateway.subscribe("#")
        bridge.publish(topics.receipt(OTHER), retain=True)
        bridge.publish(topics.gateway_state(OTHER), retain=True)
        bridge.publish(topics.receipt(OWN), retain=True)
        gateway.wait_until(lambda: bool(gateway.heard), "heard")
        assert gateway.topics() == [topics.receipt(OWN)]


def test_a_second_bridge_works_beside_the_first(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with (
        as_user(broker, authority, "bridge-1") as first,
        as_user(broker, authority, "bridge-2") as second,
        as_user(broker, authority, OWN) as gateway,
    ):
        first.subscribe(topics.shared_batches)
        second.subscribe(topics.shared_batches)
        for _ in range(2):
            gateway.publish(topics.batch(OWN, Lane.LIVE))
        first.wait_until(lambda: len(first.heard) == 1, "heard")
        second.wait_until(lambda: len(second.heard) == 1, "heard")


def test_a_reader_hears_the_feed_and_can_say_nothing(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with (
        as_user(broker, authority, "bridge") as bridge,
        as_user(broker, authority, "reader") as reader,
    ):
        reader.subscribe("nadi/#")
        bridge.publish(topics.receipt(OWN))
        bridge.publish(topics.gateway_state(OWN))
        reader.wait_until(lambda: bool(reader.heard), "heard")
        assert reader.topics() == [topics.gateway_state(OWN)]
        assert reader.publish(topics.gateway_state(OWN)) == REFUSED
        assert reader.publish(topics.status(GatewayId("reader"))) == REFUSED


def test_a_name_with_a_wildcard_speaks_for_nobody(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with as_user(broker, authority, "+") as gateway:
        assert gateway.publish(topics.status(OWN)) == REFUSED


def test_a_gateway_cannot_take_the_place_of_the_bridge(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with as_user(broker, authority, "bridge", client_id="bridge") as bridge:
        bridge.subscribe("nadi/v1/baubau/edge/#")
        with as_user(broker, authority, OWN, client_id="bridge") as gateway:
            gateway.publish(topics.status(OWN))
            bridge.wait_until(lambda: bool(bridge.heard), "heard")
        assert not bridge.gone


def test_a_client_without_a_certificate_is_refused(broker: Broker, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=authority.ca_file)
    assert _refusal(context, broker.port)


def test_a_client_of_another_authority_is_refused(
    broker: Broker, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", now=datetime.now(UTC)).client(OWN)
    mixed = Credentials(
        ca_file=authority.ca_file, cert_file=stranger.cert_file, key_file=stranger.key_file
    )
    assert _refusal(client_context(broker.address(mixed)), broker.port)


def test_a_broker_of_another_authority_is_not_believed(
    broker: Broker, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", now=datetime.now(UTC)).client(OWN)
    assert "CERTIFICATE_VERIFY_FAILED" in _refusal(
        client_context(broker.address(stranger)), broker.port
    )


def test_retained_statements_live_through_a_stop_and_not_through_a_wipe(
    broker: Broker, authority: Authority, topics: Topics
) -> None:
    with as_user(broker, authority, OWN) as gateway:
        gateway.publish(topics.status(OWN), b"here", retain=True)

    broker.stop()
    broker.start()
    assert _retained(broker, authority) == [topics.status(OWN)]

    broker.kill()
    broker.wipe()
    broker.start()
    assert _retained(broker, authority) == []


def _retained(broker: Broker, authority: Authority) -> list[str]:
    """Every retained topic, heard up to a marker published after the subscription."""
    with as_user(broker, authority, "bridge") as bridge:
        bridge.subscribe("nadi/#")
        bridge.publish("nadi/v1/baubau/edge/marker/receipt")
        bridge.wait_until(lambda: "marker" in str(bridge.heard), "heard")
        return [message.topic for message in bridge.heard if message.retained]


def _refusal(context: ssl.SSLContext, port: int) -> str:
    """Why the broker closes a TLS connection; TLS 1.3 says so at the first read."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                return "" if secure.recv(1) else "closed"
        except (ssl.SSLError, ConnectionResetError) as error:
            return str(error)
