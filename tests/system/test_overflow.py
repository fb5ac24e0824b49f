"""What a lagging bridge's queue at the broker has no room for is sent again once others arrive."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from broker_bridge.config import BridgeSettings, IngestSettings, StoreSettings
from contract.identity import City
from scripts.district.bridge import Bridge
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.fibre import Fibre
from scripts.district.ports import free_port
from scripts.district.stored import CityStore
from scripts.herd.crowd import Crowd
from scripts.herd.uplinks import BATCH, Part
from tests.system.test_bridge import OWN, ROOT

pytestmark = pytest.mark.system

ROOM = 20  # messages under way to the bridge, and as many in its queue
WINDOW, WAITING = 64, 90
NEVER_S = 3_600.0
PATIENCE_S = 60.0


@pytest.fixture
def small_broker(tmp_path: Path, authority: Authority, city: City) -> Iterator[Broker]:
    """The city's Mosquitto with a queue that is soon full."""
    broker = Broker(
        tmp_path / "broker", city=city, port=free_port(Random()),
        credentials=authority.server("broker"), probe=authority.client("probe"),
        bounds={"max_queued_messages": ROOM},
    )  # fmt: skip
    broker.start()
    yield broker
    broker.stop()


def test_what_a_stopped_bridges_queue_dropped_is_sent_again_without_waiting_for_its_time(
    tmp_path: Path, small_broker: Broker, authority: Authority, city: City
) -> None:
    """No gateway sends again by its clock within this test."""
    with ExitStack() as ending:
        fibre = ending.enter_context(Fibre(port=free_port(Random()), target_port=small_broker.port))
        store = StoreSettings(kind="sqlite", path=str(tmp_path / "city.db"))
        settings = BridgeSettings(
            city=city, broker=small_broker.address(authority.client("bridge")), store=store,
            ingest=IngestSettings(in_flight=ROOM),
        )  # fmt: skip
        bridge = Bridge("bridge", settings, fibre, folder=tmp_path, root=ROOT)
        ending.callback(bridge.program.stop)
        bridge.start()
        uplinks = Crowd(tmp_path)
        part = Part(
            city=city, folder=str(tmp_path), waiting=WAITING * BATCH, reconnect_max_s=0.5, seed=1,
            window_batches=WINDOW, resend_after_s=NEVER_S,
        )  # fmt: skip
        fibre.cut()
        address = small_broker.address(authority.client(OWN), port=fibre.port)
        uplinks.start(part, {OWN: address}, ending=ending)
        uplinks.ask("outage")
        uplinks.ask("hush")
        bridge.program.freeze()
        fibre.mend()
        small_broker.program.wait_until(
            lambda: DROPPED in small_broker.program.log_file.read_text(),
            what="dropping", deadline_s=PATIENCE_S,
        )  # fmt: skip
        assert uplinks.ask("look")["open"] == WAITING
        bridge.program.thaw()
        assert uplinks.wait_for("open", 0, within_s=PATIENCE_S)
        bridge.program.stop()
    assert CityStore(store).committed() == {OWN: WAITING * BATCH}


DROPPED = "Outgoing messages are being dropped for client bridge"
