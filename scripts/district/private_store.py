"""An empty city store of either kind, gone with the block that asked for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Literal

from broker_bridge.config import StoreSettings
from scripts.district.ports import free_port
from scripts.district.postgres import Postgres

Kind = Literal["sqlite", "postgresql"]


@contextmanager
def private_store(kind: Kind, folder: Path) -> Iterator[tuple[StoreSettings, Postgres | None]]:
    """How a bridge reaches it, and its server where it has one."""
    if kind == "sqlite":
        yield StoreSettings(kind=kind, path=str(folder / "city.db")), None
        return
    postgres = Postgres(folder / "postgresql", port=free_port(Random()))
    postgres.start()
    try:
        yield StoreSettings(kind=kind, conninfo=postgres.conninfo()), postgres
    finally:
        postgres.discard()
