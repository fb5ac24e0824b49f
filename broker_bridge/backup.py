"""`nadi-bridge backup` and `restore`: the city store, copied while it runs, and put back."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker_bridge.config import StoreSettings
from broker_bridge.durable import flush
from broker_bridge.errors import BackupRefused, StoreGone
from broker_bridge.language import mark
from broker_bridge.opening import open_store, opened_store
from broker_bridge.store import Balance
from broker_bridge.stores.schema import migrations_of, pending
from contract.messages import Counts

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 65_536

Progress = Callable[[float], None]


class Manifest(BaseModel):
    """What a backup is; it is written last, so that a folder with one is whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: Literal[1] = 1
    kind: Literal["sqlite", "postgresql"]
    file: str = Field(pattern=r"^[a-z.]{1,32}$")
    made_at: datetime
    schema_version: int
    bytes: int
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    gateways: int
    committed: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A whole one, and where it lies."""

    folder: Path
    manifest: Manifest


def back_up(
    settings: StoreSettings, parent: Path, *, now: datetime, progress: Progress = lambda _: None
) -> Backup:
    """A new folder in `parent`, verified; the bridge may run. Raises BackupRefused, StoreGone."""
    folder = parent / f"nadi-store-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    with _in_words(folder), opened_store(settings):
        _fresh(folder)
        try:
            file, balances = _copy(settings, folder, progress)
            manifest = Manifest(
                kind=settings.kind, file=file.name, made_at=now, bytes=file.stat().st_size,
                schema_version=migrations_of(settings.kind)[-1].version, sha256=_sha256(file),
                gateways=len(balances),
                committed=sum((one.committed for one in balances), Counts()),
            )  # fmt: skip
            _write_last(folder / MANIFEST, manifest.model_dump_json(indent=1))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return Backup(folder=folder, manifest=manifest)


def restore(
    settings: StoreSettings, folder: Path, *, now: datetime, replace: bool
) -> tuple[Backup, Path | None]:
    """The store is as it was then; what a SQLite store was before is put beside it.

    Raises BackupRefused if the backup is not whole or the store is not empty, StoreNewer.
    """
    manifest = read_backup(folder)
    if manifest.kind != settings.kind:
        raise BackupRefused(
            mark("{folder} is of a {theirs} store, the settings name a {kind} one"),
            hint=mark("restore it with the settings of its own kind"),
            folder=folder,
            theirs=manifest.kind,
            kind=settings.kind,
        )
    pending(migrations_of(settings.kind), manifest.schema_version, where=str(folder))
    _refuse_newer(settings)
    with _in_words(folder):
        aside = _put_back(settings, folder / manifest.file, now, replace=replace)
    with opened_store(settings) as store:
        found = sum((one.committed for one in store.balance()), Counts())
        store.renew_generation()
    if found != manifest.committed:
        raise BackupRefused(
            mark("{found} readings are counted in it, {made} were when it was made"),
            hint=mark("restore another backup; this one was made while the store was damaged"),
            found=found.readings,
            made=manifest.committed.readings,
        )
    return Backup(folder=folder, manifest=manifest), aside


def _refuse_newer(settings: StoreSettings) -> None:
    """An older program puts no newer store aside; one that cannot be read may be. PostgreSQL is
    restored into nothing.
    """
    if settings.kind != "sqlite" or not Path(settings.path).exists():
        return
    with suppress(StoreGone), closing(open_store(settings, as_it_is=True)) as there:
        pending(migrations_of(settings.kind), there.schema_version(), where=settings.path)


def read_backup(folder: Path) -> Manifest:
    """Whole and unaltered; raises BackupRefused."""
    with _in_words(folder):
        try:
            with (folder / MANIFEST).open("rb") as file:
                manifest = Manifest.model_validate_json(file.read(MAX_MANIFEST_BYTES))
        except FileNotFoundError:
            raise BackupRefused(
                mark("{folder} has no {manifest}: it is no backup, or its making was cut off"),
                hint=mark("name the folder that nadi-bridge backup made"),
                folder=folder,
                manifest=MANIFEST,
            ) from None
        except ValidationError as error:
            raise _altered(folder, MANIFEST) from error
        if _sha256(folder / manifest.file) != manifest.sha256:
            raise _altered(folder, manifest.file)
    return manifest


def _altered(folder: Path, name: str) -> BackupRefused:
    return BackupRefused(
        mark("{path} is not as it was made"),
        hint=mark("restore another backup; keep this one"),
        path=folder / name,
    )


def _copy(
    settings: StoreSettings, folder: Path, progress: Progress
) -> tuple[Path, Sequence[Balance]]:
    """The balance is of the copy, not of the store, which may have more by then."""
    if settings.kind == "sqlite":
        from broker_bridge.stores.sqlite_backup import copy_store  # noqa: PLC0415

        copy = folder / "city.db"
        return copy, copy_store(Path(settings.path), copy, progress)
    from broker_bridge.stores.postgres_backup import dump  # noqa: PLC0415

    copy = folder / "city.dump"
    return copy, dump(settings.conninfo, copy)


def _put_back(settings: StoreSettings, file: Path, now: datetime, *, replace: bool) -> Path | None:
    if settings.kind == "sqlite":
        from broker_bridge.stores.sqlite_backup import put_back  # noqa: PLC0415

        return put_back(file, Path(settings.path), now, replace=replace)
    from broker_bridge.stores.postgres_backup import load  # noqa: PLC0415

    load(file, settings.conninfo)
    return None


def _fresh(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_last(path: Path, text: str) -> None:
    for one in path.parent.iterdir():
        flush(one)
    path.write_text(text, encoding="utf-8")
    flush(path)
    flush(path.parent)


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupRefused(
            mark("{path}: {why}"),
            hint=mark("is there room, and may this user write there? Nothing was left half done"),
            path=error.filename or folder,
            why=error.strerror or error,
        ) from error
