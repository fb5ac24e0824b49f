"""`nadi-bridge run`: the real clocks, sockets and files of one bridge, put together."""

import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from types import FrameType

from broker_bridge.certificates import ends_s, name_of, shown
from broker_bridge.config import BridgeSettings
from broker_bridge.connection import Connection, Delivery
from broker_bridge.dying import told_of_the_dead
from broker_bridge.feed import Feed
from broker_bridge.inbox import Inbox
from broker_bridge.measures import Measures
from broker_bridge.metrics_endpoint import MetricsEndpoint
from broker_bridge.notify import Notify
from broker_bridge.opening import opened_store
from broker_bridge.service import Service
from broker_bridge.session import Session
from broker_bridge.sign_of_life import PROGRAM, SignOfLife, Who
from broker_bridge.summary import Summary
from contract.errors import NadiError
from contract.topics import Topics, is_backlog

HEARD_S = 1.0


def run(settings: BridgeSettings, *, feed: Callable[[Topics], Feed] = Feed) -> None:
    """Until SIGTERM; raises what the ingest ends with, or SettingsError."""
    measures = _measures(settings)
    service = _service(settings, measures, feed)
    ended: list[NadiError] = []
    ingest = threading.Thread(target=_serve, args=(service, settings, ended), name="ingest")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, partial(_stop, service))
    with told_of_the_dead(ended, service.stop), _endpoint(settings, measures):
        ingest.start()
        while ingest.is_alive():  # a signal on the brink of a wait without end would not be heard
            ingest.join(HEARD_S)
    if ended:
        raise ended[0]


def _measures(settings: BridgeSettings) -> Measures:
    measures = Measures(
        program=PROGRAM,
        now_ms=lambda: time.time_ns() // 1_000_000,
        monotonic=time.monotonic,
        read=bool(settings.metrics.port),
        free_bytes=lambda: _free_bytes(settings.store.folder),
    )
    measures.certificates(ends_s(settings.broker.cert_file, settings.broker.ca_file))
    return measures


def _free_bytes(folder: Path | None) -> float:
    try:
        seen = os.statvfs(folder) if folder else None
    except OSError:
        seen = None
    return math.nan if seen is None else seen.f_bavail * seen.f_frsize


@contextmanager
def _endpoint(settings: BridgeSettings, measures: Measures) -> Iterator[None]:
    if not settings.metrics.port:
        yield
        return
    endpoint = MetricsEndpoint(settings.metrics.port, measures.text)
    endpoint.start()
    try:
        yield
    finally:
        endpoint.close()


def _service(
    settings: BridgeSettings, measures: Measures, feed: Callable[[Topics], Feed]
) -> Service:
    topics = Topics(settings.city)
    inbox: Inbox[Delivery] = Inbox(settings.ingest.grouping)
    connect = partial(
        Connection,
        settings.broker,
        topics,
        monotonic=time.monotonic,
        in_flight=settings.ingest.in_flight,
        deliver=lambda delivery, size: inbox.put(
            delivery, size=size, backlog=is_backlog(delivery.arrived.topic)
        ),
    )
    connect()  # a certificate that cannot be used is said now, not at every try
    random = Random()
    return Service(
        topics=topics,
        inbox=inbox,
        session=Session(connect, random=random, connected=inbox.wake, waiting=inbox.__len__),
        feed=feed(topics),
        summary=Summary(
            topics,
            silent_after_s=settings.feed.silent_after_s,
            monotonic=time.monotonic,
            now=lambda: datetime.now(UTC),
        ),
        life=SignOfLife(_who(settings), monotonic=time.monotonic),
        measures=measures,
        notify=Notify(os.environ.get("NOTIFY_SOCKET")),
        random=random,
        monotonic=time.monotonic,
    )


def _who(settings: BridgeSettings) -> Who:
    (leaf, *_) = shown(settings.broker.cert_file)
    return Who(name=name_of(leaf), host=socket.gethostname())


def _serve(service: Service, settings: BridgeSettings, ended: list[NadiError]) -> None:
    """The ingest thread; a store belongs to the thread that opens it."""
    try:
        service.run(lambda: opened_store(settings.store))
    except NadiError as error:
        ended.append(error)


def _stop(service: Service, _number: int, _frame: FrameType | None) -> None:
    service.stop()
