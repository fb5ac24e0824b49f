"""The centre as one look at it goes: its settings, its store as it is, and what was seen so far."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509

from broker_bridge.config import BridgeSettings
from broker_bridge.doctor.clock import Kernel
from broker_bridge.opening import CityStore, open_store
from broker_bridge.standing import Standing


@dataclass(kw_only=True)
class Centre:
    """Nothing is made or migrated; the store is opened when it is first looked at."""

    settings: BridgeSettings
    now: Callable[[], datetime]
    kernel: Callable[[], Kernel]
    broker_shows: x509.Certificate | None = None
    hangs: bool = False  # a look was left behind, and may still hold what it looked at

    @cached_property
    def store(self) -> CityStore:
        """Raises StoreGone."""
        return open_store(self.settings.store, as_it_is=True)

    @cached_property
    def standing(self) -> Standing:
        """What bridges and store say; raises StoreGone."""
        return self.store.standing()

    def close(self) -> None:
        """Lets go of the store."""
        if "store" in self.__dict__:
            self.store.close()
