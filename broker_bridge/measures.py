"""What one bridge counts of its own work, as Prometheus reads it; nothing grows with the assets."""

from collections.abc import Callable, Iterable, Mapping
from math import nan

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric

from broker_bridge.ingest import Outcome
from broker_bridge.standing import GATEWAY_STATES, Census
from broker_bridge.store import Store

GROUPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
CENSUS_INTERVAL_S = 30.0
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class Measures:
    """One thread counts; another may read `text` at any time."""

    def __init__(
        self,
        *,
        program: str,
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        read: bool = True,
        free_bytes: Callable[[], float] = lambda: nan,
    ) -> None:
        """`read`: somebody may want what only the store can count."""
        self._free_bytes = free_bytes
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._read = read
        self._counted_at: float | None = None
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self._registry = CollectorRegistry()
        one = _Makers(self._registry)
        one.gauge("build_info", "1; the program is its label.", ["program"]).labels(program).set(1)
        self._messages = one.counter("messages", "Messages taken from the broker.")
        self._batches = one.counter("batches_committed", "Batches committed that were new.")
        self._readings = one.counter("readings_committed", "Readings committed that were new.")
        self._known = one.counter("batches_known", "Batches that came again and were known.")
        self._aside = one.counter("messages_quarantined", "Messages put into quarantine.")
        self._receipts = one.counter("receipts", "Receipts told to gateways.")
        self._group = one.histogram("group_messages", "Messages in one group.", GROUPS)
        self._commit = one.histogram(
            "commit_seconds", "Time from a group until it is durable.", SECONDS
        )
        self._lag = one.gauge(
            "lag_seconds", "Age of the newest reading of the group that was committed last."
        )
        self._waiting = one.gauge("waiting_messages", "Messages in memory, not yet in a group.")
        self._connected = one.gauge("broker_connected", "1 with a session with the broker, else 0.")
        self._database = one.gauge("database_up", "1 if the database was last used well, else 0.")
        self._gateways = one.gauge(
            "gateways", "Gateways of the store by the state they last told.", ["state"]
        )
        self._in_quarantine = one.gauge("quarantine_messages", "Messages in quarantine.")
        self._quarantine_bytes = one.gauge("quarantine_bytes", "Their size.")
        self._store_bytes = one.gauge("store_bytes", "What the store takes, indexes included.")
        self._free = one.gauge(
            "store_free_bytes", "Room on the store's disk; NaN if it is not this machine's."
        )
        self._bridges = one.gauge("bridges_alive", "Bridges that told the store of themselves.")
        self._ends = one.gauge(
            "certificate_ends_seconds", "When a certificate ends, in Unix time.", ["certificate"]
        )

    def text(self) -> bytes:
        """The exposition, in the text format."""
        return generate_latest(self._registry)

    def families(self) -> Iterable[Metric]:
        """Every metric with its type and meaning."""
        return self._registry.collect()

    def committed(self, outcome: Outcome, *, messages: int, seconds: float) -> None:
        """A group of so many messages took so long."""
        self._messages.inc(messages)
        self._group.observe(messages)
        self._commit.observe(seconds)
        self._batches.inc(outcome.committed)
        self._readings.inc(outcome.readings)
        self._known.inc(outcome.duplicates)
        self._aside.inc(len(outcome.refusals))
        if outcome.newest_ms is not None:
            self._lag.set(max(self._now_ms() - outcome.newest_ms, 0) / 1_000)

    def receipted(self, count: int) -> None:
        """So many receipts were handed to the broker."""
        self._receipts.inc(count)

    def stands(self, *, connected: bool, waiting: int) -> None:
        """How the bridge stands now."""
        self._connected.set(connected)
        self._waiting.set(waiting)

    def database(self, *, up: bool) -> None:
        """Whether it could be used."""
        self._database.set(up)

    def count(self, store: Store) -> None:
        """Now and then, what the store says of everybody; raises StoreGone."""
        now = self._monotonic()
        due = self._counted_at is None or now - self._counted_at >= CENSUS_INTERVAL_S
        if self._read and due:
            self._show(store.census())
            self._counted_at = now

    def certificates(self, ends_s: Mapping[str, float]) -> None:
        """When each of them ends: the bridge's own, the authority's."""
        for name, at_s in ends_s.items():
            self._ends.labels(name).set(at_s)

    def _show(self, census: Census) -> None:
        for state in GATEWAY_STATES:
            self._gateways.labels(state).set(census.gateways.get(state, 0))
        self._in_quarantine.set(census.quarantine_messages)
        self._quarantine_bytes.set(census.quarantine_bytes)
        self._store_bytes.set(census.store_bytes)
        self._free.set(self._free_bytes())
        self._bridges.set(census.bridges_alive)


class _Makers:
    """Metrics of one registry, all under one prefix."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"nadi_bridge_{name}", meaning, registry=self._registry)

    def gauge(self, name: str, meaning: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(f"nadi_bridge_{name}", meaning, labels, registry=self._registry)

    def histogram(self, name: str, meaning: str, buckets: Iterable[float]) -> Histogram:
        return Histogram(
            f"nadi_bridge_{name}", meaning, buckets=tuple(buckets), registry=self._registry
        )
