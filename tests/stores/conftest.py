"""Either store, empty, and opened as often as a test wants."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from broker_bridge import language
from broker_bridge.opening import CityStore
from broker_bridge.stores.postgres import PostgresStore
from broker_bridge.stores.sqlite import SqliteStore
from scripts.district.ports import free_port
from scripts.district.postgres import Postgres
from tests.stores.making import NOW_MS

QUARANTINE_BYTES = 2_000
OpenStore = Callable[[], CityStore]


@pytest.fixture(autouse=True)
def english() -> None:
    """Whatever the test before spoke."""
    language.use("en", ZoneInfo("UTC"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One private server for all tests; each has a database of its own."""
    server = Postgres(tmp_path_factory.mktemp("postgresql"), port=free_port(Random()))
    server.start()
    yield server
    server.discard()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Each call is another program with the same store."""
    make = _sqlite(tmp_path) if request.param == "sqlite" else _postgres(request)
    with ExitStack() as ending:

        def opened() -> CityStore:
            store = make()
            ending.callback(store.close)
            return store

        yield opened


@pytest.fixture
def store(open_store: OpenStore) -> CityStore:
    """One of them."""
    return open_store()


def _sqlite(folder: Path) -> OpenStore:
    return lambda: SqliteStore(
        folder / "city.db", now_ms=lambda: NOW_MS, quarantine_bytes=QUARANTINE_BYTES
    )


def _postgres(request: pytest.FixtureRequest) -> OpenStore:
    server: Postgres = request.getfixturevalue("postgres")
    name = f"test_{Random().getrandbits(60):x}"
    conninfo = server.create_database(name)
    return lambda: PostgresStore(conninfo, quarantine_bytes=QUARANTINE_BYTES)
