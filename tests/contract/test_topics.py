"""Topics are built and parsed in one place; a hostile name never becomes another's."""

import pytest

from contract.errors import BadMessage
from contract.identity import AssetId, City, GatewayId, Kind, Lane
from contract.topics import Topics

TOPICS = Topics(City("baubau"))
GATEWAY = GatewayId("bb-0001")


def test_the_topics_are_the_designs() -> None:
    assert [TOPICS.batch(GATEWAY, lane) for lane in Lane] == [
        "nadi/v1/baubau/edge/bb-0001/batch/event",
        "nadi/v1/baubau/edge/bb-0001/batch/live",
        "nadi/v1/baubau/edge/bb-0001/batch/backlog",
    ]
    assert TOPICS.holding(GATEWAY) == "nadi/v1/baubau/edge/bb-0001/holding"
    assert TOPICS.status(GATEWAY) == "nadi/v1/baubau/edge/bb-0001/status"
    assert TOPICS.receipt(GATEWAY) == "nadi/v1/baubau/edge/bb-0001/receipt"
    lamp = AssetId("PJU-1")
    assert (
        TOPICS.asset_state(Kind.STREETLIGHT, lamp) == "nadi/v1/baubau/feed/streetlight/PJU-1/state"
    )
    assert (
        TOPICS.asset_event(Kind.STREETLIGHT, lamp) == "nadi/v1/baubau/feed/streetlight/PJU-1/event"
    )
    assert TOPICS.kind_summary(Kind.STREETLIGHT) == "nadi/v1/baubau/feed/summary/streetlight"
    assert TOPICS.gateway_state(GATEWAY) == "nadi/v1/baubau/feed/gateway/bb-0001/state"


@pytest.mark.parametrize("lane", list(Lane))
def test_a_batch_topic_names_its_sender(lane: Lane) -> None:
    sender = TOPICS.parse_upward(TOPICS.batch(GATEWAY, lane))
    assert (sender.gateway, sender.what) == (GATEWAY, "batch")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "nadi/v1/kendari/edge/bb-0001/status",
        "nadi/v2/baubau/edge/bb-0001/status",
        "nadi/v1/baubau/edge/bb-0001",
        "nadi/v1/baubau/edge/bb-0001/receipt",
        "nadi/v1/baubau/edge/bb-0001/batch",
        "nadi/v1/baubau/edge/bb-0001/batch/urgent",
        "nadi/v1/baubau/edge/bb-0001/batch/live/more",
        "nadi/v1/baubau/feed/streetlight/PJU-1/state",
        "$SYS/broker/uptime",
    ],
)
def test_any_other_topic_is_refused(topic: str) -> None:
    with pytest.raises(BadMessage, match="not an upward topic"):
        TOPICS.parse_upward(topic)
