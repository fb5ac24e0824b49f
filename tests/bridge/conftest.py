"""Every test of the bridge begins in English and UTC; a centre that a doctor looks at."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broker_bridge import language
from broker_bridge.config import BackupSettings, BridgeSettings, StoreSettings
from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.clock import Kernel
from broker_bridge.stores.sqlite import SqliteStore
from contract.identity import City
from contract.tls import Broker
from scripts.district.certificates import Authority
from tests.stores.making import NOW_MS

NOW = datetime.fromtimestamp(NOW_MS / 1_000, UTC)


@pytest.fixture(autouse=True)
def english() -> None:
    language.use("en", ZoneInfo("UTC"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), now=NOW)


@pytest.fixture
def settings(tmp_path: Path, authority: Authority) -> BridgeSettings:
    own = authority.client("bridge-1")
    return BridgeSettings(
        city=City("baubau"),
        broker=Broker(
            port=1,
            ca_file=str(own.ca_file),
            cert_file=str(own.cert_file),
            key_file=str(own.key_file),
        ),
        store=StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")),
        backup=BackupSettings(folder=str(tmp_path / "backups")),
    )


@pytest.fixture
def store(settings: BridgeSettings) -> Iterator[SqliteStore]:
    made = SqliteStore(settings.store.path, now_ms=lambda: NOW_MS)
    yield made
    made.close()


@pytest.fixture
def centre(settings: BridgeSettings) -> Iterator[Centre]:
    looked = Centre(settings=settings, now=lambda: NOW, kernel=lambda: Kernel.SYNCHRONISED)
    yield looked
    looked.close()
