"""The real parts, each private to one test and gone after it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from contract.identity import City
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.ports import free_port
from scripts.district.process import python_program

CITY = City("baubau")
ROOT = Path(__file__).parents[2]
READY_S = 20.0


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Plays the district in a TOML text, and gives the folder of its ports."""
    with ExitStack() as running:

        def play(district: str) -> Path:
            document, ports = tmp_path / "district.toml", tmp_path / "dev"
            document.write_text(district)
            arguments = ("firmware_sim", "run", str(document), "--dir", str(ports))
            sim = python_program("sim", *arguments, folder=tmp_path, root=ROOT)
            sim.start()
            running.callback(sim.stop)
            sim.ready_line(deadline_s=READY_S)
            return ports

        yield play


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
