"""The store that the settings name, opened."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from broker_bridge.config import StoreSettings
from broker_bridge.standing import Standing
from broker_bridge.store import Balance, Store
from broker_bridge.stores.aside import Aside, AsideMessage, AsideTally
from broker_bridge.stores.hours import Due, Going, Kept, RetentionStep
from broker_bridge.stores.registry import Line, NewRegistry
from broker_bridge.stores.statements import Answer
from contract.discarding import Discard
from contract.messages import Counts


class CityStore(Store, Protocol):
    """What either store offers beside the ingest."""

    def schema_version(self) -> int:
        """Of the store as it is; 0 of an empty one."""
        ...

    def prove_writable(self) -> None:
        """Raises StoreGone if nothing could be written now."""
        ...

    def standing(self) -> Standing:
        """What the bridges say of themselves, and how large the store is and was."""
        ...

    def load_registry(self, registry: NewRegistry) -> Sequence[Line] | None:
        """Make this the city's whole list; what it changed, None if it was so. RegistryRefused."""
        ...

    def balance(self) -> Sequence[Balance]:
        """Each gateway's balance, computed from what is stored; sorted."""
        ...

    def discard(self, asked: Discard) -> Counts:
        """Close as lost what a gateway still holds, by its exact count; raises DiscardRefused."""
        ...

    def query(self, sql: str, parameters: Sequence[object] = ()) -> Answer:
        """The answer to one SELECT of a person."""
        ...

    def aside(self, *, gateway: str | None, at_most: int) -> Sequence[Aside]:
        """What is in quarantine, of one gateway or of all, the newest first."""
        ...

    def aside_message(self, number: int) -> AsideMessage | None:
        """One of them whole; None if it is not there."""
        ...

    def aside_tallies(self) -> Sequence[AsideTally]:
        """How much is there of each gateway that ever had anything there."""
        ...

    def let_go(self, number: int, *, lost: bool) -> bool:
        """Take one out; `lost` counts it as gone for good. Whether it was there."""
        ...

    def kept(self) -> Kept:
        """How far hours are made and readings gone, and by which settings."""
        ...

    def going(self, raw_until_ms: int, hours_until_ms: int) -> Going:
        """What a retention would take out in the end that keeps what is from then on."""
        ...

    def retaining(self, due: Due) -> AbstractContextManager[RetentionStep]:
        """One step of the retention; commits when the block ends, rolls back when it raises."""
        ...

    def renew_generation(self) -> None:
        """Exports' cursors of before hold no longer: this store is another one now."""
        ...

    def close(self) -> None:
        """Let go of the file or the connection."""
        ...


@contextmanager
def opened_store(settings: StoreSettings) -> Iterator[CityStore]:
    """Migrated; raises StoreGone or StoreNewer."""
    store = open_store(settings, as_it_is=False)
    try:
        yield store
    finally:
        store.close()


def open_store(settings: StoreSettings, *, as_it_is: bool) -> CityStore:
    """`as_it_is`: neither made nor migrated. A program loads the code of one store only."""
    if settings.kind == "sqlite":
        from broker_bridge.stores.sqlite import SqliteStore  # noqa: PLC0415

        return SqliteStore(settings.path, now_ms=_now_ms, as_it_is=as_it_is)
    from broker_bridge.stores.postgres import PostgresStore  # noqa: PLC0415

    return PostgresStore(settings.conninfo, partitioning=settings.partitioning, as_it_is=as_it_is)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
