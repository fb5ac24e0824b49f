"""Messages wait here, within bounds, until the ingest takes them in groups, the fresh first."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """How large a group may grow, and how long its first message waits for others."""

    group_batches: int = 200
    group_bytes: int = 4 << 20
    linger_s: float = 0.010
    waiting_bytes: int = 64 << 20

    @property
    def backlog_waiting_bytes(self) -> int:
        """What of `waiting_bytes` a backlog may fill: it never takes the room of what is fresh."""
        return self.waiting_bytes * 3 // 4

    @property
    def backlog_batches(self) -> int:
        """What of a group with anything fresh in it is kept for a backlog, and the most it may be.

        So a backlog goes on, and whatever is fresh waits for no group that takes long.
        """
        return max(1, self.group_batches // 4)


class Inbox(Generic[_T]):
    """One thread puts, one takes; it bounds the bytes, since not every broker keeps its quota.

    Whatever came first, events, live batches and statements go before backlog.
    """

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._fresh: deque[tuple[_T, int]] = deque()
        self._backlog: deque[tuple[_T, int]] = deque()
        self._bytes = 0
        self._woken = False
        lock = threading.Lock()
        self._some = threading.Condition(lock)
        self._enough = threading.Condition(lock)

    def __len__(self) -> int:
        return len(self._fresh) + len(self._backlog)

    def put(self, item: _T, *, size: int, backlog: bool = False) -> bool:
        """Whether it was taken; False once its bytes are full."""
        bound = self._grouping.backlog_waiting_bytes if backlog else self._grouping.waiting_bytes
        with self._some:
            if self._bytes + size > bound and len(self):
                return False
            (self._backlog if backlog else self._fresh).append((item, size))
            self._bytes += size
            if len(self) == 1:
                self._some.notify()
            elif self._is_enough():
                self._enough.notify()
        return True

    def wake(self) -> None:
        """Makes a waiting `group` return at once."""
        with self._some:
            self._woken = True
            self._some.notify()
            self._enough.notify()

    def group(self, *, timeout_s: float) -> list[_T]:
        """The next messages; empty after `timeout_s` or `wake`.

        What waited while the last group was committed is a group at once; only a first message
        that comes to an idle ingest lingers for others.
        """
        with self._some:
            if not len(self):
                self._some.wait_for(lambda: len(self) or self._woken, timeout_s)
                if len(self):
                    self._enough.wait_for(
                        lambda: self._is_enough() or self._woken, self._grouping.linger_s
                    )
            self._woken = False
            return self._take()

    def _is_enough(self) -> bool:
        full = self._bytes >= self._grouping.group_bytes
        return full or len(self) >= self._grouping.group_batches

    def _take(self) -> list[_T]:
        bounds = self._grouping
        if not self._fresh:
            return [*self._first(self._backlog, bounds.group_batches, bounds.group_bytes)]
        backlog = min(len(self._backlog), bounds.backlog_batches)
        backlog_bytes = bounds.group_bytes // 4 if backlog else 0
        return [
            *self._first(
                self._fresh, bounds.group_batches - backlog, bounds.group_bytes - backlog_bytes
            ),
            *self._first(self._backlog, backlog, backlog_bytes),
        ]

    def _first(self, lane: deque[tuple[_T, int]], most: int, most_bytes: int) -> Iterator[_T]:
        """Within both bounds, but one at least, or a large message would wait for ever."""
        size = 0
        for at in range(min(most, len(lane))):
            if at and size + lane[0][1] > most_bytes:
                return
            item, item_size = lane.popleft()
            size += item_size
            self._bytes -= item_size
            yield item
