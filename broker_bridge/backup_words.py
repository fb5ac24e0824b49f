"""What `backup` and `restore` say, to people and to programs."""

import json
from pathlib import Path

from broker_bridge.backup import Backup
from broker_bridge.moving_line import MovingLine


class Copied:
    """How much of the store is copied."""

    def __init__(self) -> None:
        self._line = MovingLine()

    def __call__(self, share: float) -> None:
        self._line.show(f"copied {share:4.0%}", over=share >= 1)


def say_made(made: Backup, *, as_json: bool) -> None:
    """Where it is and what is in it."""
    if as_json:
        print(_document(made))
        return
    print(f"✓ {made.folder}: {_contents(made)}, read back and whole")


def say_restored(taken: Backup, aside: Path | None, *, as_json: bool) -> None:
    """What the store is now, where the other one went, and what happens next."""
    if as_json:
        print(_document(taken, aside=str(aside) if aside else None))
        return
    print(f"✓ the store is as it was on {taken.manifest.made_at.isoformat()}: {_contents(taken)}")
    if aside:
        print(f"  the one before is {aside}; delete it once all is well")
    print("  start the bridges: gateways send again by themselves what they still hold")


def _contents(backup: Backup) -> str:
    found = backup.manifest
    counted = f"{found.committed.readings:,} readings and {found.committed.events:,} events"
    return f"{counted} of {found.gateways} gateways, {found.bytes >> 10:,} KiB"


def _document(backup: Backup, **more: object) -> str:
    said = json.loads(backup.manifest.model_dump_json())
    return json.dumps({"schema": 1, "folder": str(backup.folder), **said, **more})
