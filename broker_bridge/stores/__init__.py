"""The two city stores, and the one door that opens either."""

from collections.abc import Callable
from pathlib import Path

from broker_bridge.stores.sqlite import SqliteStore

CityStore = SqliteStore


def open_store(
    location: str | Path, *, now_ms: Callable[[], int], quarantine_bytes: int = 64 << 20
) -> CityStore:
    """A SQLite file."""
    return SqliteStore(location, now_ms=now_ms, quarantine_bytes=quarantine_bytes)
