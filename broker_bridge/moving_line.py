"""Says how far long work is: a line that moves on a terminal, and one now and then in a log."""

import os
import sys
import time

LINE_INTERVAL_S = 5.0


class MovingLine:
    """On a terminal it is gone at the end."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._told_at = time.monotonic()

    def show(self, line: str, *, over: bool) -> None:
        """How far it is; `over` is the last."""
        now = time.monotonic()
        if self._moving:
            left = " " * len(line) if over else line
            print(f"\r{line}\r{left}", end="\r", file=sys.stderr, flush=True)
        elif now - self._told_at >= LINE_INTERVAL_S:
            self._told_at = now
            print(line, file=sys.stderr, flush=True)
