"""Files appear whole or not at all, and are readable by nobody they are not meant for."""

import contextlib
import grp
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PRIVATE, PUBLIC, SHARED = 0o600, 0o644, 0o640


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """What is to be written; `group` may read a SHARED file, where there is such a group."""

    path: Path
    data: bytes
    mode: int = PUBLIC
    group: str | None = None
    like: Path | None = None  # whose owner and rights it has, instead of the two above


def write(file: NewFile) -> None:
    """Replaces the file at its path in one step; its owner stays the owner of its folder."""
    new = file.path.with_name(f".{file.path.name}.{secrets.token_hex(4)}")
    try:
        _write_new(new, file)
        new.replace(file.path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync(file.path.parent)


def same(file: NewFile) -> bool:
    """Whether these bytes are there already."""
    try:
        return file.path.read_bytes() == file.data
    except FileNotFoundError:
        return False


@contextmanager
def new_folder(folder: Path, *, mode: int = 0o755) -> Iterator[Path]:
    """A folder to fill that takes the place of `folder`, missing or empty, when all is written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    try:
        yield draft
        for inner, _folders, names in os.walk(draft):
            for name in names:
                sync(Path(inner) / name)
            sync(Path(inner))
        draft.chmod(mode)
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        draft.rename(folder)
        sync(folder.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def group_id(name: str | None) -> int | None:
    """The group, if it exists here and we may give files to it."""
    if name is None or os.geteuid() != 0:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _write_new(new: Path, file: NewFile) -> None:
    gid = group_id(file.group)
    mode = file.mode if file.mode != SHARED or gid is not None else PRIVATE
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(file.data)
        opened.flush()
        if file.like is not None:
            _take_rights(descriptor, file.like.stat())
        else:
            if gid is not None:
                os.fchown(descriptor, -1, gid)
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _take_rights(descriptor: int, was: os.stat_result) -> None:
    if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, was.st_uid, was.st_gid)
    os.fchmod(descriptor, was.st_mode & 0o7777)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
