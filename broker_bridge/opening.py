"""The store that the settings name, opened, with the city's list in it."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from broker_bridge.config import StoreSettings
from broker_bridge.registry import Registry
from broker_bridge.store import Balance, Store
from broker_bridge.stores.registry import Place, RegisteredAsset, RegisteredGateway
from broker_bridge.stores.statements import Answer


class CityStore(Store, Protocol):
    """What either store offers beside the ingest."""

    def register(
        self, gateways: Iterable[RegisteredGateway], assets: Iterable[RegisteredAsset]
    ) -> None:
        """Make this the city's whole list."""
        ...

    def balance(self) -> Sequence[Balance]:
        """Each gateway's balance, computed from what is stored; sorted."""
        ...

    def query(self, sql: str, parameters: Sequence[object] = ()) -> Answer:
        """The answer to one SELECT of a person."""
        ...

    def close(self) -> None:
        """Let go of the file or the connection."""
        ...


@contextmanager
def opened_store(settings: StoreSettings, registry: Registry | None = None) -> Iterator[CityStore]:
    """Migrated, and knowing `registry` if one is given; raises StoreGone or StoreNewer."""
    store = _open(settings)
    try:
        if registry is not None:
            store.register(*_rows(registry))
        yield store
    finally:
        store.close()


def _open(settings: StoreSettings) -> CityStore:
    """A program loads the code of one store only."""
    if settings.kind == "sqlite":
        from broker_bridge.stores.sqlite import SqliteStore  # noqa: PLC0415

        return SqliteStore(settings.path, now_ms=_now_ms)
    from broker_bridge.stores.postgres import PostgresStore  # noqa: PLC0415

    return PostgresStore(settings.conninfo)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _rows(registry: Registry) -> tuple[list[RegisteredGateway], list[RegisteredAsset]]:
    gateways = [
        RegisteredGateway(
            gateway=item.id, title=item.name, place=_place(item.latitude, item.longitude)
        )
        for item in registry.gateway
    ]
    assets = [
        RegisteredAsset(
            kind=item.kind,
            asset=item.id,
            title=item.name,
            place=_place(item.latitude, item.longitude),
        )
        for item in registry.asset
    ]
    return gateways, assets


def _place(latitude: float | None, longitude: float | None) -> Place | None:
    if latitude is None or longitude is None:
        return None
    return Place(latitude=latitude, longitude=longitude)
