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
    told_at = monotonic()
    try:
        for done, item in enumerate(items):
            if terminal.moving:
                terminal.bar(text, done, total)
            elif monotonic() - told_at >= LINE_INTERVAL_S:
                told_at = monotonic()
                terminal.progress(text, done, total)
            yield item
    finally:
        terminal.clear_bar()
