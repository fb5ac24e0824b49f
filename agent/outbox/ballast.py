"""A file of zeros on the card, given up when the card is full so that one more commit fits."""

import contextlib
import os
from pathlib import Path

BALLAST_BYTES = 1 << 20


def keep_ballast(path: Path) -> None:
    """Lay the ballast down if it is missing and there is ample room; a card may refuse."""
    with contextlib.suppress(OSError):
        if path.exists():
            return
        figures = os.statvfs(path.parent)
        if figures.f_bavail * figures.f_frsize < 8 * BALLAST_BYTES:
            return
        try:
            with path.open("wb") as ballast:
                os.posix_fallocate(ballast.fileno(), 0, BALLAST_BYTES)
        except OSError:
            path.unlink(missing_ok=True)


def drop_ballast(path: Path) -> None:
    """Give the ballast's room to whoever needs it."""
    with contextlib.suppress(OSError):  # a read-only card has no room to give
        path.unlink(missing_ok=True)
