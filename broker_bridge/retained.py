"""What the broker retains of the feed, as far as one connection has heard and told it."""

import json
import threading
from collections.abc import Callable
from typing import NamedTuple

from broker_bridge.store import AssetName

# Retained messages come in one go; after so long a silence no more are expected.
QUIET_S = 0.5
LISTEN_S = 10.0
# Ten cities of 10,000 assets; whatever is beyond is told without comparing.
MAX_KNOWN = 100_000


class _Said(NamedTuple):
    observed_at: str  # RFC 3339 UTC with milliseconds, so that it sorts; or empty
    digest: int


class Retained:
    """The network thread hears, the ingest thread tells; a new connection begins anew.

    A topic that was not heard counts as not retained: then its state is told, which is never wrong.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._made_s = self._newest_s = monotonic()
        self._begun = False
        self._known: dict[AssetName, _Said] = {}
        self._doubtful: set[AssetName] = set()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """The broker has answered the subscription."""
        self._newest_s = self._monotonic()
        self._begun = True

    @property
    def is_heard(self) -> bool:
        """Whether no more of what was retained is to be expected."""
        now_s = self._monotonic()
        quiet = self._begun and now_s - self._newest_s >= QUIET_S
        return quiet or now_s - self._made_s >= LISTEN_S

    def is_coming(self, within_s: float) -> bool:
        """Whether some of it came so lately."""
        return self._begun and self._monotonic() - self._newest_s < within_s

    def hear(self, name: AssetName, payload: bytes, *, retained: bool) -> None:
        """It was retained when we came, or another bridge tells it now."""
        if retained:
            self._newest_s = self._monotonic()
        said = _Said(_observed_at(payload), hash(payload))
        with self._lock:
            before = self._known.pop(name, None)
            if payload:
                self._keep(name, said)
            if not retained and (before is None or said.observed_at < before.observed_at):
                self._doubtful.add(name)

    def doubtful(self) -> frozenset[AssetName]:
        """Of which another bridge told what is older, or what we never heard of; once."""
        with self._lock:
            doubtful, self._doubtful = frozenset(self._doubtful), set()
        return doubtful

    def names(self) -> frozenset[AssetName]:
        """Of which something is retained."""
        with self._lock:
            return frozenset(self._known)

    def is_news(self, name: AssetName, payload: bytes, observed_at: str) -> bool:
        """Whether it differs; what is older never is news, and nothing only where something is."""
        with self._lock:
            known = self._known.get(name)
        if known is None or not payload:
            return bool(known) == (not payload)
        return observed_at >= known.observed_at and hash(payload) != known.digest

    def told(self, name: AssetName, payload: bytes, observed_at: str) -> None:
        """This is what it retains from now on; nothing, if it is empty."""
        with self._lock:
            self._known.pop(name, None)
            if payload:
                self._keep(name, _Said(observed_at, hash(payload)))

    def _keep(self, name: AssetName, said: _Said) -> None:
        if len(self._known) < MAX_KNOWN:
            self._known[name] = said


def _observed_at(payload: bytes) -> str:
    """Of a state of whatever version; a gateway's has none."""
    try:
        return str(json.loads(payload)["observed_at"])
    except (ValueError, KeyError, TypeError):
        return ""
