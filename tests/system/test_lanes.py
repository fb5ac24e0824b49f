"""A real bridge that was held up commits what is fresh before the backlog that came first."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from broker_bridge.config import BridgeSettings, IngestSettings, StoreSettings
from contract.codec import decode_statement
from contract.identity import City, Lane
from contract.messages import Receipt
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from tests.bridge.wire import TOPICS, Sender
from tests.system.mqtt_client import MqttClient
from tests.system.test_bridge import OWN, PATIENCE_S, gateway, send, written

pytestmark = pytest.mark.system

GROUP, BACKLOG = 10, 60


def test_a_live_batch_is_receipted_before_the_backlog_that_came_first(
    tmp_path: Path, broker: Broker, authority: Authority, city: City
) -> None:
    centre = written(
        BridgeSettings(
            city=city,
            broker=broker.address(authority.client("bridge")),
            store=StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")),
            ingest=IngestSettings(group_batches=GROUP),
        ),
        tmp_path,
    )
    centre.start()
    live, last = BACKLOG + 1, 2 * BACKLOG + 2
    try:
        with gateway(broker, authority) as client, closing(sqlite3.connect(centre.store)) as held:
            send(client, Sender().batch(last))  # a bridge listens
            held.execute("BEGIN IMMEDIATE")
            for n in range(1, last):  # what follows the live one gives it time to reach the bridge
                lane = Lane.LIVE if n == live else Lane.BACKLOG
                send(client, Sender().sent(n, Sender().body(n), lane=lane))
            held.rollback()
            client.wait_until(
                lambda: set(range(1, last + 1)) in committed(client),
                "all receipted",
                deadline_s=PATIENCE_S,
            )
            first_with_it = next(numbers for numbers in committed(client) if live in numbers)
    finally:
        centre.bridge.stop()
    assert len(first_with_it) < BACKLOG // 2


def test_a_bridge_that_is_stopped_settles_first_what_it_was_handed(
    tmp_path: Path, broker: Broker, authority: Authority, city: City
) -> None:
    centre = written(
        BridgeSettings(
            city=city,
            broker=broker.address(authority.client("bridge")),
            store=StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")),
            ingest=IngestSettings(group_batches=GROUP),
        ),
        tmp_path,
    )
    centre.start()
    with gateway(broker, authority) as client, closing(sqlite3.connect(centre.store)) as held:
        send(client, Sender().batch(1))  # a bridge listens
        held.execute("BEGIN IMMEDIATE")
        for n in range(2, BACKLOG + 1):
            send(client, Sender().batch(n))
        os.kill(centre.bridge.pid, signal.SIGTERM)
        held.rollback()
        assert centre.bridge.wait(deadline_s=PATIENCE_S) == 0
    assert centre.rows("SELECT count(*) FROM batch") == [(BACKLOG,)]


def committed(client: MqttClient) -> list[set[int]]:
    """What each receipt names, in the order they came."""
    said = [message for message in client.heard if message.topic == TOPICS.receipt(OWN)]
    return [
        {n for epoch in receipt.epochs for first, last in epoch.committed
         for n in range(first, last + 1)}
        for receipt in (decode_statement(Receipt, message.payload) for message in said)
    ]  # fmt: skip
