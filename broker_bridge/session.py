"""The bridge is connected to the broker whenever the broker will have it."""

import logging
import threading
from collections.abc import Callable
from random import Random

from broker_bridge.backoff import delay_s
from broker_bridge.connection import Connection
from contract.errors import NadiError

STABLE_S = 10.0
JOIN_TIMEOUT_S = 20.0
SETTLE_S, POLL_S = 10.0, 0.02

log = logging.getLogger(__name__)


class Session:
    """One thread that connects, waits until the connection is lost, backs off, and connects."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        random: Random,
        connected: Callable[[], None],
        waiting: Callable[[], int],
    ) -> None:
        """`connect` makes an unopened connection; `connected` is called after each success.

        `waiting` says how many messages are not settled yet.
        """
        self._connect = connect
        self._random = random
        self._connected = connected
        self._waiting = waiting
        self._stopping = threading.Event()
        self._current: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    @property
    def connection(self) -> Connection | None:
        """The connection that stands now."""
        current = self._current
        return None if current is None or current.lost else current

    def start(self) -> None:
        """Connects in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Sends what is queued and disconnects."""
        self._stopping.set()
        if self._current:
            self._current.close()
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        attempt, said = 0, ""
        while not self._stopping.is_set():
            try:
                self._current = self._opened()
            except NadiError as refusal:
                said = _say_once(refusal, said)
                self._stopping.wait(delay_s(attempt, jitter=self._random.random()))
                attempt += 1
                continue
            if self._stopping.is_set():
                self._current.close()
                return
            log.info("connected to the broker")
            self._connected()
            attempt = 0 if self._stays(self._current) else attempt + 1
            said = ""
            if not self._stopping.is_set():
                log.warning("the broker is gone reason=%r", self._current.reason)
                self._stopping.wait(delay_s(attempt, jitter=self._random.random()))

    def _opened(self) -> Connection:
        connection = self._connect()
        connection.open()
        self._let_settle()
        connection.take_batches()
        return connection

    def _let_settle(self) -> None:
        """The statements of a whole city come at once, and while they are settled another bridge
        may take the batches.
        """
        for _ in range(round(SETTLE_S / POLL_S)):
            if not self._waiting() or self._stopping.wait(POLL_S):
                return

    def _stays(self, connection: Connection) -> bool:
        """Waits until it is lost; whether it stood long enough to count as a success."""
        if connection.wait_lost(STABLE_S):
            return False
        connection.wait_lost(None)
        return True


def _say_once(refusal: NadiError, said: str) -> str:
    if str(refusal) != said:
        log.error("%s hint=%r", refusal, refusal.hint)
    return str(refusal)
