"""What is written is on the disk before anything is said of it."""

import os
from pathlib import Path


def flush(path: Path) -> None:
    """A file's bytes, or the names in a folder; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
