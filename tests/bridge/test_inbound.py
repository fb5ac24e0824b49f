import zlib
from dataclasses import replace

import pytest

from broker_bridge.inbound import Arrived, GoodBatch, GoodHolding, GoodStatus, Poison, read
from contract.codec import MAX_BODY_BYTES, MAX_JSON_BYTES, inflate
from contract.identity import GatewayId
from tests.bridge.wire import TOPICS, Sender, with_field

SENDER = Sender()


def poison(arrived: Arrived) -> Poison:
    item = read(arrived, TOPICS)
    assert isinstance(item, Poison)
    return item


def test_a_good_batch_comes_with_its_header_and_columns() -> None:
    item = read(SENDER.batch(7, watts=61.5), TOPICS)
    assert isinstance(item, GoodBatch)
    assert item.header.key == SENDER.key(7)
    assert item.body.value == [61.5]


def test_statements_are_told_apart_by_their_topic() -> None:
    assert isinstance(read(SENDER.holding(revision=1, sealed=3), TOPICS), GoodHolding)
    assert isinstance(read(SENDER.status(), TOPICS), GoodStatus)


def test_a_cleared_statement_says_nothing() -> None:
    assert read(replace(SENDER.status(), payload=b""), TOPICS) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not zlib", "is not zlib"),
        (SENDER.body(7)[:-5], "is cut short"),
        (zlib.compress(b"not JSON"), "Invalid JSON"),
        (zlib.compress(b'{"v":1}'), "Field required"),
        (zlib.compress(b"0" * (MAX_JSON_BYTES + 1)), "inflates to more than"),
        (b"\0" * (MAX_BODY_BYTES + 1), "1048577 bytes, 1048576 at most"),
        (zlib.compress(inflate(SENDER.body(7)).replace(b"[61]", b"[61,62]")), "columns"),
        (zlib.compress(inflate(SENDER.body(7)).replace(b'"asset":[0]', b'"asset":[1]')),
         "outside its table"),
    ],
)  # fmt: skip
def test_an_intact_body_that_is_wrong_is_wrong_for_good(body: bytes, reason: str) -> None:
    item = poison(SENDER.sent(7, body))
    assert reason in item.reason
    assert item.final is not None
    assert item.final.key == SENDER.key(7)


def test_a_damaged_body_leaves_its_number_open() -> None:
    good = SENDER.batch(7)
    item = poison(replace(good, payload=good.payload[:-1] + b"x"))
    assert item.reason == "the body of n=7 does not match its hash"
    assert item.final is None


def test_a_body_of_a_newer_version_leaves_its_number_open() -> None:
    newer = zlib.compress(inflate(SENDER.body(7)).replace(b'"v":1', b'"v":2'))
    item = poison(SENDER.sent(7, newer))
    assert item.reason == "version 2 of BatchBody is not known here"
    assert item.final is None


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("v", "2", "batch version '2' is not known here"),
        ("encoding", "json+zstd", "batch encoding 'json+zstd' is not known here"),
        ("n", "0", "header field n is '0'"),
        ("epoch", "NOT-AN-EPOCH", "header field epoch is 'NOT-AN-EPOCH'"),
        ("sha256", "", "header field sha256 is ''"),
    ],
)
def test_a_header_that_cannot_be_read_leaves_the_number_open(
    field: str, value: str, reason: str
) -> None:
    item = poison(with_field(SENDER.batch(7), field, value))
    assert (item.reason, item.final) == (reason, None)


def test_a_gateway_cannot_close_the_number_of_another() -> None:
    foreign = replace(SENDER, gateway=GatewayId("bb-0002")).sent(7, b"not zlib")
    item = poison(replace(foreign, topic=SENDER.batch(7).topic))
    assert item.reason == "it names gateway bb-0002, but came on the topic of bb-0001"
    assert (item.gateway, item.final) == ("bb-0001", None)


@pytest.mark.parametrize("statement", [SENDER.holding(revision=1, sealed=3), SENDER.status()])
def test_a_gateway_cannot_speak_for_another(statement: Arrived) -> None:
    item = poison(replace(statement, topic=statement.topic.replace("bb-0001", "bb-0002")))
    assert item.reason == "it names gateway bb-0001, but came on the topic of bb-0002"


def test_a_statement_that_is_not_json_is_poison() -> None:
    assert "Invalid JSON" in poison(replace(SENDER.status(), payload=b"{")).reason
