"""Central systems hear how many assets of each kind are well, faulty and silent."""

from collections.abc import Callable
from datetime import datetime

from broker_bridge.feed import Publish
from broker_bridge.store import Store, Tally
from broker_bridge.stores.moments import ms_of, rfc3339
from contract.codec import encode_model
from contract.identity import Kind
from contract.messages import KindSummary
from contract.topics import Topics

INTERVAL_S = 30.0
MOST_OF_THE_TIME = 50  # counting takes one part in so many at most, however large the city is


class Summary:
    """Counts now and then, and tells what changed; a broker that is new hears all of it."""

    def __init__(
        self,
        topics: Topics,
        *,
        silent_after_s: int,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._topics = topics
        self._silent_after_s = silent_after_s
        self._monotonic = monotonic
        self._now = now
        self._told: dict[Kind, Tally] = {}
        self._due_at = monotonic()

    def say_again(self) -> None:
        """Whatever was told is forgotten."""
        self._told.clear()
        self._due_at = self._monotonic()

    def tell(self, store: Store, publish: Publish) -> None:
        """What differs from what was told; raises StoreGone."""
        began = self._monotonic()
        if began < self._due_at:
            return
        counted = {tally.kind: tally for tally in store.tallies(self._silent_after_s)}
        ended = self._monotonic()
        self._due_at = ended + max(INTERVAL_S, (ended - began) * MOST_OF_THE_TIME)
        for kind in Kind:
            tally = counted.get(kind, Tally(kind=kind, well=0, faulty=0, silent=0))
            news = self._told.get(kind) != tally
            if news and publish(self._topics.kind_summary(kind), self._message(tally), True):
                self._told[kind] = tally

    def _message(self, tally: Tally) -> bytes:
        return encode_model(
            KindSummary(
                kind=tally.kind,
                well=tally.well,
                faulty=tally.faulty,
                silent=tally.silent,
                silent_after_s=self._silent_after_s,
                as_of=rfc3339(ms_of(self._now())),
            )
        )
