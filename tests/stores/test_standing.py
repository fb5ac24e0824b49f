"""The store knows which bridges are alive and how large it was, on either store."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from broker_bridge.config import BridgeSettings, StoreSettings
from broker_bridge.doctor import store_checks
from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.checks import CHECKS
from broker_bridge.doctor.clock import Kernel
from broker_bridge.doctor.examining import examined
from broker_bridge.doctor.finding import State
from broker_bridge.opening import CityStore
from broker_bridge.standing import BridgeSign
from contract.identity import City
from contract.tls import Broker
from scripts.district.postgres import Postgres
from tests.stores.conftest import OpenStore

ONE = BridgeSign(
    name="bridge-1", host="pusat", program="nadi-bridge 0.1.0", connected=False, began=True
)


def test_what_a_bridge_says_takes_the_place_of_what_it_said_before(store: CityStore) -> None:
    store.tell_bridge(ONE)
    store.tell_bridge(replace(ONE, name="bridge-2"))
    (first, _) = store.standing().bridges
    store.tell_bridge(replace(ONE, began=False, connected=True))
    (one, two) = store.standing().bridges
    assert (one.name, one.connected, one.stopped) == ("bridge-1", True, False)
    assert one.began_ms == first.began_ms
    assert not two.connected


def test_a_bridge_that_starts_again_begins_anew(store: CityStore) -> None:
    store.tell_bridge(ONE)
    (before,) = store.standing().bridges
    store.tell_bridge(replace(ONE, stopped=True))
    store.tell_bridge(ONE)
    (after,) = store.standing().bridges
    assert not after.stopped
    assert after.began_ms >= before.began_ms


def test_the_store_measures_itself_when_it_is_first_told(store: CityStore) -> None:
    store.tell_bridge(ONE)
    store.tell_bridge(ONE)
    standing = store.standing()
    assert [one.bytes > 0 for one in standing.sizes] == [True]
    assert standing.bytes >= standing.sizes[0].bytes


def test_a_store_is_looked_at_as_it_is(open_store: OpenStore) -> None:
    store = open_store()
    store.prove_writable()
    assert store.schema_version() > 0


@pytest.mark.system
def test_a_database_that_hangs_is_named_and_the_rest_is_looked_at(postgres: Postgres) -> None:
    conninfo = postgres.create_database("frozen")
    settings = BridgeSettings(
        city=City("baubau"),
        broker=Broker(port=1, ca_file="ca", cert_file="cert", key_file="key"),
        store=StoreSettings(kind="postgresql", conninfo=conninfo),
    )
    centre = Centre(
        settings=settings, now=lambda: datetime.now(UTC), kernel=lambda: Kernel.SYNCHRONISED
    )
    checks = [replace(one, within_s=1.0) for one in CHECKS]
    postgres.freeze()
    try:
        found = {one.id: one.seen for one in examined(checks, centre, monotonic=lambda: 0.0)}
    finally:
        postgres.thaw()
    for left_behind in [one for one in threading.enumerate() if one.name == "database"]:
        left_behind.join(20)
    assert found["database"].state is State.FAIL
    assert "no answer within 1 s" in found["database"].found
    assert found["balance"].found == "because of: schema"
    assert found["clock"].state is State.OK


@pytest.mark.system
def test_an_empty_database_is_named_and_stays_empty(postgres: Postgres) -> None:
    conninfo = postgres.create_database("empty")
    settings = BridgeSettings(
        city=City("baubau"),
        broker=Broker(port=1, ca_file="ca", cert_file="cert", key_file="key"),
        store=StoreSettings(kind="postgresql", conninfo=conninfo),
    )
    centre = Centre(
        settings=settings, now=lambda: datetime.now(UTC), kernel=lambda: Kernel.SYNCHRONISED
    )
    seen = store_checks.database(centre)
    assert (seen.state, seen.found) == (State.FAIL, "no bridge has made its tables yet")
    assert centre.store.schema_version() == 0
    centre.close()
