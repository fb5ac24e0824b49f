"""Whoever subscribes as docs/asyncapi.yaml says hears what it says, from the real parts."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.asyncapi_document import Channel, channels, document
from scripts.district.district import District, Plan
from scripts.district.equipment import Equipment
from tests.docs.json_schema import complaints
from tests.system.mqtt_client import Heard, MqttClient

pytestmark = pytest.mark.system

LAMP_TOPIC = "nadi/v1/baubau/feed/streetlight/PJU-0001"
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(document(program="0.1.0")))
    return read


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Heard]]:
    """All a reader hears of a small district until a lamp meter has fallen silent."""
    plan = Plan(gateways=1, equipment=Equipment(), read_interval_s=1.0, seal_interval_s=1.0)
    with District(tmp_path_factory.mktemp("district"), plan) as district:
        address = district.broker.address(district.reader)
        with MqttClient(address) as reader:
            reader.subscribe("nadi/v1/baubau/feed/#")
            _wait_for(reader, f"{LAMP_TOPIC}/state")
            _wait_for(reader, "nadi/v1/baubau/feed/summary/streetlight")
            _wait_for(reader, "nadi/v1/baubau/feed/gateway/bb-0001/state")
            district.silence("PJU-0001")
            _wait_for(reader, f"{LAMP_TOPIC}/event")
        with MqttClient(address) as latecomer:
            latecomer.subscribe("nadi/v1/baubau/feed/#")
            _wait_for(latecomer, f"{LAMP_TOPIC}/state")
            yield [*reader.heard, *latecomer.heard]


def _wait_for(client: MqttClient, topic: str) -> None:
    client.wait_until(lambda: topic in client.topics(), topic, deadline_s=PATIENCE_S)


def test_every_message_of_the_feed_is_on_a_documented_topic_and_fits_its_schema(
    heard: list[Heard], asyncapi: dict[str, Any]
) -> None:
    messages = asyncapi["components"]["messages"]
    found = set()
    for message in heard:
        channel = _channel_of(message.topic)
        schema = messages[channel.message]["payload"]["schema"]
        assert complaints(json.loads(message.payload), schema, asyncapi) == [], message
        found.add(channel.name)
    assert found == {"assetState", "assetEvent", "gatewayState", "kindSummary"}


def test_who_comes_late_hears_the_retained_states_at_once(heard: list[Heard]) -> None:
    retained = [message.topic for message in heard if message.retained]
    assert f"{LAMP_TOPIC}/state" in retained
    assert not [topic for topic in retained if topic.endswith("/event")]


def test_a_silent_lamp_begins_a_documented_event(heard: list[Heard]) -> None:
    (event,) = [json.loads(m.payload) for m in heard if m.topic == f"{LAMP_TOPIC}/event"]
    assert (event["type"], event["phase"]) == ("deviceUnreachable", "begin")


def _channel_of(topic: str) -> Channel:
    """The most literal of the documented addresses that fit, as in `feed/gateway/…`."""
    fitting = [channel for channel in channels() if _pattern(channel).fullmatch(topic)]
    assert fitting, topic
    return min(fitting, key=lambda channel: len(channel.parameters))


def _pattern(channel: Channel) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[A-Za-z0-9._-]{1,64}", channel.address))
