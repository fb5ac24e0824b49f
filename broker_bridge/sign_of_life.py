"""Whoever looks into the store sees which bridges are alive."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from broker_bridge.standing import BridgeSign
from broker_bridge.store import Store

INTERVAL_S = 15.0
PROGRAM = "nadi-bridge 0.1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """This bridge: its certificate's name, and its machine's."""

    name: str
    host: str


class SignOfLife:
    """One row in the store, said anew now and then."""

    def __init__(self, who: Who, *, monotonic: Callable[[], float]) -> None:
        self._sign = BridgeSign(
            name=who.name, host=who.host, program=PROGRAM, connected=False, began=True
        )
        self._monotonic = monotonic
        self._told_at: float | None = None

    def tell(self, store: Store, *, connected: bool) -> None:
        """At once when the broker is gone or back, else every INTERVAL_S; raises StoreGone."""
        now = self._monotonic()
        due = self._told_at is None or now - self._told_at >= INTERVAL_S
        if due or connected != self._sign.connected:
            sign = replace(self._sign, connected=connected)
            store.tell_bridge(sign)
            self._sign = replace(sign, began=False)
            self._told_at = now

    def end(self, store: Store) -> None:
        """It ends in good order; raises StoreGone."""
        if self._told_at is not None:
            store.tell_bridge(replace(self._sign, connected=False, stopped=True))
