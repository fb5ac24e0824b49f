"""A file of zeros on the card, given up when the card is full so that one more commit fits."""

import contextlib
import os
from pathlib import Path

BALLAST_BYTES = 1 << 20


def ballast_path(outbox: Path) -> Path:
    """Beside the outbox."""
    return outbox.with_name("ballast")


def keep_ballast(path: Path) -> None:
    """Lay the ballast down if it is missing and there is ample room; a card may refuse."""
    with contextlib.suppress(OSError):
        if path.exists():
            return
        figures = os.statvfs(path.parent)
        if figures.f_bavail * figures.f_frsize < 2 * BALLAST_BYTES:
            return
        try:
            with path.open("wb") as ballast:
                os.posix_fallocate(ballast.fileno(), 0, BALLAST_BYTES)
        except OSError:
            path.unlink(missing_ok=True)


def drop_ballast(path: Path) -> bool:
    """Give the ballast's room to whoever needs it; whether there was any."""
    try:
        path.unlink()
    except OSError:  # a read-only card has no room to give
        return False
    return True
