"""How far a long work has come: a bar on a terminal, elsewhere a plain line now and then."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from provisioning.terminal import Terminal

LINE_INTERVAL_S = 5.0
_T = TypeVar("_T")


def shown(
    items: Iterable[_T],
    total: int,
    *,
    text: str,
    terminal: Terminal,
    monotonic: Callable[[], float],
) -> Iterator[_T]:
    """The items one by one, and on the terminal how many of them are done."""
    bar = Bar(terminal, monotonic)
    try:
        for done, item in enumerate(items):
            bar.show(text, done, total)
            yield item
    finally:
        bar.end()


class Bar:
    """The same for a work that says itself how far it is."""

    def __init__(self, terminal: Terminal, monotonic: Callable[[], float]) -> None:
        self._terminal = terminal
        self._monotonic = monotonic
        self._told_at = monotonic()

    def show(self, text: str, done: int, total: int) -> None:
        """So much of it is done."""
        if self._terminal.moving:
            self._terminal.bar(text, done, total)
        elif self._monotonic() - self._told_at >= LINE_INTERVAL_S:
            self._told_at = self._monotonic()
            self._terminal.progress(text, done, total)

    def end(self) -> None:
        """The line is free again."""
        self._terminal.clear_bar()
