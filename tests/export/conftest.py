"""Either store, empty, and the settings of a city that exports from it."""

from pathlib import Path
from random import Random

import pytest

from broker_bridge.config import BridgeSettings, StoreSettings
from contract.identity import City
from contract.tls import Broker
from scripts.district.postgres import Postgres
from tests.stores.conftest import postgres

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> BridgeSettings:
    """As a city writes them, with nothing public."""
    if request.param == "sqlite":
        return city(StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")))
    server: Postgres = request.getfixturevalue("postgres")
    name = f"export_{Random().getrandbits(60):x}"
    return city(StoreSettings(kind="postgresql", conninfo=server.create_database(name)))


def city(store: StoreSettings) -> BridgeSettings:
    broker = Broker(ca_file="ca.pem", cert_file="bridge.pem", key_file="bridge.key")
    return BridgeSettings(city=City("baubau"), broker=broker, store=store)
