"""Coroutines run without any loop, in a world where nothing ever waits."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def run(work: "Coroutine[Any, Any, _T]") -> _T:
    """To its end, without any loop: in the simulation nothing ever waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    raise AssertionError("something waited in a world where nothing takes time")


def at_once(call: Callable[[], _T]) -> Awaitable[_T]:
    """The card's thread, in a world without threads."""

    async def result() -> _T:
        return call()

    return result()
