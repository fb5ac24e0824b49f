"""Of the backups in one folder the newest few stay; the others, and what was cut off, go."""

import shutil
from pathlib import Path

from broker_bridge.backup import MANIFEST
from broker_bridge.durable import flush
from broker_bridge.errors import BackupRefused
from broker_bridge.language import mark

# As `back_up` names them, so that names sort by time; whatever else lies there is not ours.
NAMES = "nadi-store-" + "[0-9]" * 8 + "T" + "[0-9]" * 6 + "Z"


def keep_newest(folder: Path, count: int) -> list[Path]:
    """What was removed; the newest whole one always stays. Raises BackupRefused."""
    found = sorted(path for path in folder.glob(NAMES) if path.is_dir())
    whole = [path for path in found if (path / MANIFEST).exists()]
    kept = set(whole[-max(count, 1) :])
    gone = [path for path in found if path not in kept and path < max(kept, default=path)]
    try:
        for path in gone:
            _remove(path)
    except OSError as error:
        raise BackupRefused(
            mark("{path}: {why}"),
            hint=mark("the new backup is whole; may this user delete the old ones?"),
            path=error.filename,
            why=error.strerror,
        ) from error
    return gone


def _remove(path: Path) -> None:
    """Without its manifest it is no backup any longer, however far this comes."""
    (path / MANIFEST).unlink(missing_ok=True)
    flush(path)
    shutil.rmtree(path)
