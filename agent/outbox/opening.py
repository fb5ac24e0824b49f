"""Opens the outbox so that the agent always starts: a damaged file is put aside and salvaged."""

import logging
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from agent.errors import OutboxDamaged, OutboxFull
from agent.outbox.ballast import ballast_path, drop_ballast
from agent.outbox.file import OutboxFile
from agent.outbox.records import Contents
from agent.outbox.schema import in_words
from contract.identity import BootId, Epoch, GatewayId
from contract.messages import Counts

LOG = logging.getLogger("nadi.outbox")
SUFFIXES = ("-shm", "-wal", "")


def open_outbox(
    path: Path,
    *,
    gateway: GatewayId,
    epoch: Epoch,
    boot: BootId,
    salvaging: Callable[[], None] = lambda: None,
) -> tuple[OutboxFile, Contents]:
    """The outbox with a new epoch begun; raises OutboxFailed if the card will not let us.

    A file that is not an outbox any more, lacks what was counted beside it, or was marked as
    damaged, is renamed beside it, and every batch of it whose bytes match its hash is taken over
    under its own epoch and number. That takes minutes, so `salvaging` is called before; a salvage
    that is cut off goes on at the next start.
    """
    with in_words(path):
        try:
            return _opened(path, gateway, epoch, boot, salvaging)
        except OutboxFull:
            if not drop_ballast(ballast_path(path)):
                raise
            return _opened(path, gateway, epoch, boot, salvaging)


def _opened(
    path: Path, gateway: GatewayId, epoch: Epoch, boot: BootId, salvaging: Callable[[], None]
) -> tuple[OutboxFile, Contents]:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if damage_mark(path).exists():
            raise OutboxDamaged(f"{path}: found damaged while it was used")
        salvageable = path.exists()
        return _begin(OutboxFile(path), epoch=epoch, boot=boot, salvageable=salvageable)
    except OutboxDamaged as error:
        aside = _put_aside(path, epoch)
        LOG.error("outbox put aside file=%s reason=%s", aside, error)
    salvaging()
    file = _salvaged(path, aside, gateway)
    try:
        _forget_older(path, aside)
        _write_mark(path, "")
        damage_mark(path).unlink()
    except BaseException:
        file.close()
        raise
    return _begin(file, epoch=epoch, boot=boot, salvageable=False)


def _salvaged(path: Path, aside: Path, gateway: GatewayId) -> OutboxFile:
    """All or nothing: until its one commit the new file has no epoch, and is made anew."""
    if already := _taken_over(path):
        return already
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    file = OutboxFile(path)
    try:
        saved = file.adopt(aside, gateway)
    except BaseException:
        file.close()
        raise
    LOG.warning("outbox salvaged batches=%d from=%s", saved, aside)
    return file


def _taken_over(path: Path) -> OutboxFile | None:
    """What an earlier start salvaged; whatever else is there was torn as it was made."""
    if not path.exists():
        return None
    try:
        with closing(OutboxFile(path)) as file:
            done = bool(file.contents().epochs)
    except OutboxDamaged:
        return None
    return OutboxFile(path) if done else None


def _forget_older(path: Path, aside: Path) -> None:
    """A card that rots has room for one file that was put aside, not for all there ever were."""
    for part in path.parent.glob(f"{path.name}.aside-*"):
        if not part.name.startswith(aside.name):
            part.unlink()


def damage_mark(path: Path) -> Path:
    """Tells the next start to salvage: to check every page at every start would take minutes."""
    return path.with_name(f"{path.name}.damaged")


def _begin(
    file: OutboxFile, *, epoch: Epoch, boot: BootId, salvageable: bool
) -> tuple[OutboxFile, Contents]:
    """What is missing may only be misplaced, so it is named as lost only after a salvage."""
    try:
        before = file.contents()
        if not salvageable:
            before = _recounted(file, before)
        elif difference := file.differs(before.epochs):
            raise OutboxDamaged(f"{file.path}: {difference}")
        contents = file.begin_epoch(before, epoch, boot=boot)
        file.count(contents.epochs)
        return file, contents
    except BaseException:
        file.close()
        raise


def _recounted(file: OutboxFile, before: Contents) -> Contents:
    missing = file.recount(before.epochs)
    if missing != Counts():
        LOG.error("outbox lacks readings=%d events=%d", missing.readings, missing.events)
    return file.contents()


def _put_aside(path: Path, epoch: Epoch) -> Path:
    """The file goes last: once it is there, what stands in its place is the new one."""
    aside = path.with_name(_begun(path) or f"{path.name}.aside-{epoch}")
    _write_mark(path, aside.name)
    if aside.exists():
        return aside
    for suffix in SUFFIXES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _begun(path: Path) -> str:
    """The name under which an earlier start began to put the file aside, if one did."""
    try:
        said = damage_mark(path).read_text("ascii")
    except (OSError, ValueError):
        return ""
    return said if said.startswith(f"{path.name}.aside-") and "/" not in said else ""


def _write_mark(path: Path, name: str) -> None:
    """Durably, before the first file is renamed."""
    with damage_mark(path).open("w", encoding="ascii") as mark:
        mark.write(name)
        mark.flush()
        os.fsync(mark.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
