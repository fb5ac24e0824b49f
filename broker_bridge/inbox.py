"""Messages wait here, within bounds, until the ingest takes them in groups."""

import threading
from collections import deque
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


class Inbox(Generic[_T]):
    """One thread puts, one takes; it bounds the bytes, since not every broker keeps its quota."""

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._waiting: deque[tuple[_T, int]] = deque()
        self._bytes = 0
        self._woken = False
        lock = threading.Lock()
        self._some = threading.Condition(lock)
        self._enough = threading.Condition(lock)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: _T, *, size: int) -> bool:
        """Whether it was taken; False once `waiting_bytes` are full."""
        with self._some:
            if self._bytes + size > self._grouping.waiting_bytes and self._waiting:
                return False
            self._waiting.append((item, size))
            self._bytes += size
            if len(self._waiting) == 1:
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
            if not self._waiting:
                self._some.wait_for(lambda: self._waiting or self._woken, timeout_s)
                if self._waiting:
                    self._enough.wait_for(
                        lambda: self._is_enough() or self._woken, self._grouping.linger_s
                    )
            self._woken = False
            return self._take()

    def _is_enough(self) -> bool:
        full = self._bytes >= self._grouping.group_bytes
        return full or len(self._waiting) >= self._grouping.group_batches

    def _take(self) -> list[_T]:
        group: list[_T] = []
        size = 0
        while self._waiting and len(group) < self._grouping.group_batches:
            if group and size + self._waiting[0][1] > self._grouping.group_bytes:
                break
            item, item_size = self._waiting.popleft()
            group.append(item)
            size += item_size
        self._bytes -= size
        return group
