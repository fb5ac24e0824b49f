"""A person sees how far a search is: a bar on a terminal, else a plain line every few seconds."""

from typing import TextIO

from agent.clock import Clock
from agent.language import _

BAR = 24
PLAIN_EVERY_MS = 5_000


class Progress:
    """Called with how much is done, of how much, and what is looked at now."""

    def __init__(self, out: TextIO, *, clock: Clock) -> None:
        self._out = out
        self._clock = clock
        self._plain_from_ms = clock.boot_ms() + PLAIN_EVERY_MS
        self._open = False

    def __call__(self, done: int, of: int, words: str) -> None:
        """Tell it."""
        if self._out.isatty():
            self._bar(done, of, words)
        elif (now_ms := self._clock.boot_ms()) >= self._plain_from_ms:
            self._plain_from_ms = now_ms + PLAIN_EVERY_MS
            print(
                _("{done} of {of}: {words}").format(done=done, of=of, words=words),
                file=self._out,
                flush=True,
            )

    def end(self) -> None:
        """Leave the bar's line."""
        if self._open:
            print(file=self._out, flush=True)
            self._open = False

    def _bar(self, done: int, of: int, words: str) -> None:
        filled = BAR * done // max(of, 1)
        bar = f"\r[{'█' * filled:·<{BAR}}] {words:44.44}"
        print(bar, end="", file=self._out, flush=True)
        self._open = True
