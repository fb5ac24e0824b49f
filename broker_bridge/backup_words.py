"""What `backup` and `restore` say, to people and to programs."""

import json
from collections.abc import Sequence
from pathlib import Path

from broker_bridge.backup import Backup
from broker_bridge.balance import counted
from broker_bridge.language import _, moment, number
from broker_bridge.moving_line import MovingLine
from broker_bridge.stores.moments import ms_of


class Copied:
    """How much of the store is copied."""

    def __init__(self) -> None:
        self._line = MovingLine()

    def __call__(self, share: float) -> None:
        copied = _("copied {percent} %").format(percent=f"{round(share * 100):3}")
        self._line.show(copied, over=share >= 1)


def say_made(made: Backup, gone: Sequence[Path], *, as_json: bool) -> None:
    """Where it is, what is in it, and which older ones it replaces."""
    if as_json:
        print(_document(made, removed=[str(path) for path in gone]))
        return
    said = _("✓ {folder}: {contents}, read back and whole")
    print(said.format(folder=made.folder, contents=_contents(made)))
    for path in gone:
        print("  " + _("removed: {folder}").format(folder=path))


def say_restored(taken: Backup, aside: Path | None, *, as_json: bool) -> None:
    """What the store is now, where the other one went, and what happens next."""
    if as_json:
        print(_document(taken, aside=str(aside) if aside else None))
        return
    made_at = moment(ms_of(taken.manifest.made_at))
    said = _("✓ the store is as it was on {moment}: {contents}")
    print(said.format(moment=made_at, contents=_contents(taken)))
    if aside:
        print("  " + _("the one before is {file}; delete it once all is well").format(file=aside))
    print("  " + _("start the bridges: gateways send again by themselves what they still hold"))


def _contents(backup: Backup) -> str:
    found = backup.manifest
    return _("{counts} of {gateways} gateways, {kib} KiB").format(
        counts=counted(found.committed), gateways=number(found.gateways),
        kib=number(found.bytes >> 10),
    )  # fmt: skip


def _document(backup: Backup, **more: object) -> str:
    said = json.loads(backup.manifest.model_dump_json())
    return json.dumps({"schema": 1, "folder": str(backup.folder), **said, **more})
