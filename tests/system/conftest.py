"""The real parts, each private to one test and gone after it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from contract.identity import City
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.ports import free_port

CITY = City("baubau")


@pytest.fixture
def city() -> City:
    """The city of every system test."""
    return CITY


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One development authority for all tests; `authority.client(name)` is anyone's certificate."""
    return Authority(tmp_path_factory.mktemp("certificates"), now=datetime.now(UTC))


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[Broker]:
    """A running Mosquitto with TLS, the city's rules and nothing in it."""
    broker = Broker(
        tmp_path / "broker",
        city=CITY,
        port=free_port(Random()),
        credentials=authority.server("broker"),
        probe=authority.client("probe"),
    )
    broker.start()
    yield broker
    broker.stop()
