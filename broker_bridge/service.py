"""Group by group: committed, receipted, acknowledged and told, for as long as the bridge runs."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import partial
from itertools import count
from random import Random

from broker_bridge.backoff import delay_s
from broker_bridge.connection import Connection, Delivery
from broker_bridge.errors import StoreGone
from broker_bridge.feed import Feed
from broker_bridge.inbox import Inbox
from broker_bridge.ingest import Ingest, Outcome
from broker_bridge.measures import Measures
from broker_bridge.notify import Notify
from broker_bridge.session import Session
from broker_bridge.sign_of_life import SignOfLife
from broker_bridge.store import Store
from broker_bridge.summary import Summary
from contract.codec import encode_model
from contract.identity import GatewayId
from contract.messages import Receipt
from contract.topics import Topics

IDLE_S = 1.0
FINISH_S = 5.0
FEED_INTERVAL_S = 0.5
ESTIMATE_INTERVAL_S = 60.0
REGISTRY_INTERVAL_S = 5.0
GATEWAYS_AN_ESTIMATE = 50
MAX_REFUSING = 10_000

log = logging.getLogger(__name__)


class Service:
    """The ingest thread's loop; it alone uses the store."""

    def __init__(
        self,
        *,
        topics: Topics,
        inbox: Inbox[Delivery],
        session: Session,
        feed: Feed,
        summary: Summary,
        life: SignOfLife,
        measures: Measures,
        notify: Notify,
        random: Random,
        monotonic: Callable[[], float],
    ) -> None:
        self._topics = topics
        self._inbox = inbox
        self._session = session
        self._feed = feed
        self._summary = summary
        self._life = life
        self._measures = measures
        self._notify = notify
        self._random = random
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._greeted: Connection | None = None
        self._compared: Connection | None = None
        self._store_gone = False
        self._told_at = 0.0
        self._estimated_at = monotonic()
        self._registry = 0
        self._registry_at = monotonic()
        self._to_estimate: list[GatewayId] = []
        self._refusing: set[str] = set()

    def stop(self) -> None:
        """What the broker has handed over is settled, then `run` returns."""
        self._stopping.set()
        self._inbox.wake()

    def run(self, open_store: Callable[[], AbstractContextManager[Store]]) -> None:
        """Until `stop`; waits for a database that is gone, raises StoreNewer for a newer one."""
        with ExitStack() as opened:
            stores: list[Store] = []
            self._patiently(lambda: stores.append(opened.enter_context(open_store())))
            if stores:
                self._serve(stores[0])

    def _serve(self, store: Store) -> None:
        ingest = Ingest(store, self._topics)
        self._session.start()
        self._notify.ready()
        try:
            while not self._stopping.is_set():
                self._patiently(partial(self._greet, ingest))
                group = self._inbox.group(timeout_s=self._wait_s())
                if group:
                    self._patiently(partial(self._settle, ingest, group))
                self._patiently(partial(self._estimate, ingest, store))
                self._patiently(partial(self._compare, store))
                self._patiently(partial(self._follow_registry, store))
                self._patiently(partial(self._tell_states, store))
                self._patiently(partial(self._tell_of_itself, store))
                self._notify.alive()
            self._finish(ingest)
        finally:
            self._notify.stopping()
            self._session.stop()
            with suppress(StoreGone):
                self._life.end(store)

    def _finish(self, ingest: Ingest) -> None:
        """Others have what comes from now on; what is here, its gateway would send again late."""
        if connection := self._session.connection:
            connection.leave_batches()
        until_s = self._monotonic() + FINISH_S
        while self._monotonic() < until_s and (group := self._inbox.group(timeout_s=0.0)):
            self._patiently(partial(self._settle, ingest, group))

    def _tell_of_itself(self, store: Store) -> None:
        connected = self._session.connection is not None
        self._measures.stands(connected=connected, waiting=len(self._inbox))
        self._life.tell(store, connected=connected)
        if connected:
            self._summary.tell(store, self._publish)
        self._measures.count(store)

    def _settle(self, ingest: Ingest, group: Sequence[Delivery]) -> None:
        began = self._monotonic()
        outcome = ingest.take([delivery.arrived for delivery in group])
        self._measures.committed(outcome, messages=len(group), seconds=self._monotonic() - began)
        self._publish_receipts(outcome.receipts)
        for delivery in group:
            delivery.connection.acknowledge(delivery.mid)
        self._tell(outcome)
        self._log_refusals(outcome)

    def _publish_receipts(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            topic = self._topics.receipt(receipt.gateway)
            self._publish(topic, encode_model(receipt), True)
        self._measures.receipted(len(receipts))

    def _publish(self, topic: str, payload: bytes, retain: bool) -> bool:
        """False without a connection: the next one is greeted with everything."""
        connection = self._session.connection
        return connection is not None and connection.publish(topic, payload, retain=retain)

    def _tell(self, outcome: Outcome) -> None:
        self._feed.note(outcome.change.assets)
        self._feed.tell_events(outcome.change.events, self._publish)
        self._feed.note_gateways(status.gateway for status in outcome.statuses)

    def _greet(self, ingest: Ingest) -> None:
        """A broker may have lost all that it retained: receipts first, gateways wait for them."""
        connection = self._session.connection
        if connection is None or connection is self._greeted:
            return
        for receipts in ingest.receipts():
            self._publish_receipts(receipts)
        self._summary.say_again()
        self._greeted = connection

    def _compare(self, store: Store) -> None:
        """Once what the broker retains of the feed is heard, it is told what differs."""
        connection = self._session.connection
        if connection is None or connection is not self._greeted:
            return
        if connection is not self._compared and connection.retained.is_heard:
            self._tell_all(store, registry=store.registry_number())
            self._feed.note_any(connection.retained.names())
            self._compared = connection
        self._feed.note_any(connection.retained.doubtful())

    def _tell_all(self, store: Store, *, registry: int) -> None:
        self._feed.clear(store.retired(), self._publish)
        self._feed.note(store.asset_names())
        self._feed.note_gateways(store.gateways())
        self._registry = registry

    def _follow_registry(self, store: Store) -> None:
        """Another program loads it; central systems hear of it within some seconds."""
        if self._monotonic() - self._registry_at < REGISTRY_INTERVAL_S:
            return
        registry = store.registry_number()
        if registry != self._registry:
            log.info("registry %d is in force", registry)
            self._tell_all(store, registry=registry)
        self._registry_at = self._monotonic()

    def _tell_states(self, store: Store) -> None:
        """At once when nothing waits to be committed, else every FEED_INTERVAL_S."""
        due = self._monotonic() - self._told_at >= FEED_INTERVAL_S
        connection = self._session.connection
        if connection is None or not self._feed.pending or not (due or not len(self._inbox)):
            return
        if self._feed.tell_states(store, self._publish, connection.retained):
            self._told_at = self._monotonic()

    def _estimate(self, ingest: Ingest, store: Store) -> None:
        """Now and then, when nothing waits to be committed, so many gateways in a turn."""
        due = self._monotonic() - self._estimated_at >= ESTIMATE_INTERVAL_S
        if not due or len(self._inbox):
            return
        self._to_estimate = self._to_estimate or list(store.gateways_without_date())
        turn = self._to_estimate[:GATEWAYS_AN_ESTIMATE]
        self._to_estimate = self._to_estimate[GATEWAYS_AN_ESTIMATE:]
        for gateway in turn:
            self._feed.note(ingest.estimate(gateway).assets)
        self._estimated_at = self._monotonic()

    def _wait_s(self) -> float:
        connection = self._session.connection
        if connection is None:
            return IDLE_S
        if self._feed.pending:
            return 0.0
        return IDLE_S if connection is self._compared else FEED_INTERVAL_S

    def _patiently(self, step: Callable[[], None]) -> None:
        """Repeats `step` while the database is gone; the broker and the gateways keep the rest."""
        for attempt in count():
            try:
                step()
            except StoreGone as gone:
                self._say_gone(gone)
                self._notify.alive()
                if self._stopping.wait(delay_s(attempt, jitter=self._random.random())):
                    return
            else:
                self._say_back()
                return

    def _say_gone(self, gone: StoreGone) -> None:
        self._measures.database(up=False)
        if not self._store_gone:
            self._store_gone = True
            log.error("the database is gone: %s hint=%r", gone, gone.hint)
            self._notify.status(f"the database is gone: {gone}")

    def _say_back(self) -> None:
        self._measures.database(up=True)
        if self._store_gone:
            self._store_gone = False
            log.info("the database is back")
            self._notify.status("running")

    def _log_refusals(self, outcome: Outcome) -> None:
        """Once when a gateway begins to send what cannot be taken, once when it is good again."""
        now = {str(refusal.gateway): refusal for refusal in outcome.refusals}
        for gateway, refusal in now.items():
            if gateway not in self._refusing and len(self._refusing) < MAX_REFUSING:
                self._refusing.add(gateway)
                log.warning(
                    "quarantined gateway=%r rejected=%s reason=%r",
                    gateway,
                    refusal.final,
                    refusal.reason,
                )
        for receipt in outcome.receipts:
            if receipt.gateway in self._refusing and receipt.gateway not in now:
                self._refusing.discard(receipt.gateway)
                log.info("taken again gateway=%r", receipt.gateway)
