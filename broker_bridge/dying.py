"""A thread that dies of what nobody foresaw ends the bridge, which systemd starts anew."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from broker_bridge.errors import ThreadDied
from broker_bridge.language import mark
from contract.errors import NadiError

log = logging.getLogger(__name__)


@contextmanager
def told_of_the_dead(ended: list[NadiError], stop: Callable[[], None]) -> Iterator[None]:
    """Whichever thread of this process dies is added to `ended`, and `stop` is called.

    Else a bridge whose session died would go on without a connection, and nobody would hear of it.
    """

    def died(death: threading.ExceptHookArgs) -> None:
        thread = death.thread.name if death.thread else "?"
        why = f"{death.exc_type.__name__}: {death.exc_value}"
        log.critical("the thread %s died", thread, exc_info=death.exc_value)
        ended.append(
            ThreadDied(
                mark("the bridge's thread {thread} died: {why}"),
                hint=mark("systemd starts the bridge anew; report what the log says above"),
                thread=thread,
                why=why,
            )
        )
        stop()

    before, threading.excepthook = threading.excepthook, died
    try:
        yield
    finally:
        threading.excepthook = before
