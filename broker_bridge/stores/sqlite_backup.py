"""A SQLite store copied from one moment of it while others write, and put in its place again."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from broker_bridge.errors import BackupRefused
from broker_bridge.language import mark
from broker_bridge.store import Balance
from broker_bridge.stores import sqlite_reads as reads

PAGES_A_STEP = 4_096
SPARE_BYTES = 16 << 20
SUFFIXES = ("", "-wal", "-shm")


def copy_store(
    path: Path, copy: Path, progress: Callable[[float], None], *, pages: int = PAGES_A_STEP
) -> Sequence[Balance]:
    """A whole, checked copy in one file, so many pages at a time, and its own balance.

    Raises BackupRefused.
    """
    _room_for(path, copy.parent)

    def told(_status: int, remaining: int, total: int) -> None:
        progress(1 - remaining / max(1, total))

    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy, isolation_level=None)) as target,
        ):
            # The copy is of this moment: without a transaction each commit would begin it anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            source.backup(target, pages=pages, progress=told, sleep=0)
            target.execute("PRAGMA journal_mode = DELETE")
            said = target.execute("PRAGMA integrity_check(1)").fetchone()[0]
            balances = reads.balance(target) if said == "ok" else []
    except sqlite3.Error as error:
        raise BackupRefused(
            mark("{path} could not be copied: {why}"),
            hint=mark("is there room? Otherwise the store is damaged: see nadi-bridge check"),
            path=path,
            why=error,
        ) from error
    if said != "ok":
        raise BackupRefused(
            mark("the copy of {path} is not whole: {said}"),
            hint=mark("the store itself is damaged; keep the last good backup"),
            path=path,
            said=said,
        )
    return balances


def put_back(file: Path, path: Path, now: datetime, *, replace: bool) -> Path | None:
    """What stood there is renamed beside it, its log too; returns where it is now."""
    _room_for(file, path.parent)
    there = path.exists()
    if there and not replace:
        raise BackupRefused(
            mark("{path} is there already"),
            hint=mark("stop the bridges; --replace puts it aside and takes the backup instead"),
            path=path,
        )
    new = path.with_name(f"{path.name}.restoring")
    try:
        shutil.copyfile(file, new)
        _give_to_owner(new, path.parent)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    aside = path.with_name(f"{path.name}.before-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    for suffix in SUFFIXES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    new.rename(path)
    return aside if there else None


def _give_to_owner(file: Path, folder: Path) -> None:
    """Root puts it back, and the bridge's own user is to write it."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _room_for(file: Path, folder: Path) -> None:
    needed = file.stat().st_size + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupRefused(
            mark("{folder} has {free} MB free, and {needed} MB are needed"),
            hint=mark("make room, or name another folder; nothing was changed"),
            folder=folder,
            free=free >> 20,
            needed=needed >> 20,
        )
