"""The inventory in one SQLite file: what is so now, and every change with who, when and why."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from contract.identity import Kind
from provisioning.errors import Trouble

FILE = "inventory.db"
WAIT_S = 10.0
NOWHERE = "file::memory:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A gateway or an asset; `gateway` is who is to read the asset."""

    id: str
    kind: Kind
    name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    kelurahan: str = ""
    gateway: str | None = None
    retired: bool = False

    @property
    def is_gateway(self) -> bool:
        """Whether it is a gateway itself."""
        return self.kind is Kind.GATEWAY

    def fact(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def differences(self, before: "Entry") -> dict[str, tuple[Any, Any]]:
        """What changed since `before`: the old and the new value of each field."""
        old, new = asdict(before), asdict(self)
        return {name: (old[name], new[name]) for name in new if old[name] != new[name]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """Who changes something, when and why."""

    who: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One change of one entry; nothing was before if it was new then."""

    because: Because
    before: Entry | None
    after: Entry

    def fact(self) -> dict[str, Any]:
        """For programs."""
        return {
            "at": self.because.at.isoformat(),
            "who": self.because.who,
            "why": self.because.why,
            "before": self.before and self.before.fact(),
            "after": self.after.fact(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A bundle that was handed out."""

    gateway: str
    nonce: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A registry that was signed; 0 is none yet."""

    number: int = 0
    content_sha256: str = field(default="")


class Book:
    """The inventory, for one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        from sqlite_utils import Database  # noqa: PLC0415 a third of the start of any command

        self._connection = connection
        self._database = Database(connection)

    def entries(self) -> dict[str, Entry]:
        """Gateways, then assets, each sorted by id; the retired too."""
        rows = [*self._rows("gateway"), *self._rows("asset")]
        return {entry.id: entry for entry in map(_entry, rows)}

    def put(self, entry: Entry, *, before: Entry | None, because: Because) -> None:
        """Writes the entry and why it is so."""
        table = "gateway" if entry.is_gateway else "asset"
        row = asdict(entry)
        if entry.is_gateway:
            del row["kind"], row["gateway"]
        self._database.table(table).upsert(row, pk="id")
        self._connection.execute(
            "INSERT INTO history (at, who, why, id, kind, before, after) VALUES (?,?,?,?,?,?,?)",
            (
                _text(because.at),
                because.who,
                because.why,
                entry.id,
                entry.kind,
                _json(before),
                _json(entry),
            ),
        )

    def history(self, name: str) -> list[Past]:
        """Every change of one entry, the oldest first."""
        rows = self._database.table("history").rows_where("id = ?", [name], order_by="number")
        return [_past(row) for row in rows]

    def prepared(self) -> dict[str, Prepared]:
        """The newest bundle of each gateway."""
        rows = self._database.table("bundle").rows_where(order_by="issued_at, rowid")
        return {row["gateway"]: _prepared(row) for row in rows}

    def add_prepared(self, prepared: Prepared, *, who: str) -> None:
        """It was handed out."""
        self._connection.execute(
            "INSERT INTO bundle (nonce, gateway, issued_at, expires_at, who) VALUES (?,?,?,?,?)",
            (
                prepared.nonce,
                prepared.gateway,
                _text(prepared.issued_at),
                _text(prepared.expires_at),
                who,
            ),
        )

    def newest_publication(self) -> Publication:
        """The registry that was signed last."""
        rows = self._database.table("publication").rows_where(order_by="number desc", limit=1)
        for row in rows:
            return Publication(number=row["number"], content_sha256=row["content_sha256"])
        return Publication()

    def add_publication(self, publication: Publication, because: Because) -> None:
        """It was signed."""
        self._connection.execute(
            "INSERT INTO publication (number, at, who, content_sha256) VALUES (?,?,?,?)",
            (publication.number, _text(because.at), because.who, publication.content_sha256),
        )

    def _rows(self, table: str) -> Iterator[dict[str, Any]]:
        yield from self._database.table(table).rows_where(order_by="id")


@contextmanager
def opened(path: Path, *, write: bool) -> Iterator[Book]:
    """The inventory, for one transaction; nothing of it stays if the block raises.

    Where there is none yet, a reader sees an empty one.
    """
    if not write and not path.exists():
        where = NOWHERE
    else:
        where = f"{path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}"
        if write and not path.exists():
            path.touch(mode=0o600)
    try:
        with closing(
            sqlite3.connect(where, uri=True, timeout=WAIT_S, isolation_level=None)
        ) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            _migrate(connection, path, write=write or where == NOWHERE)
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield Book(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise Trouble("E-FLEET-13", file=str(path), why=str(error)) from error


def _migrate(connection: sqlite3.Connection, path: Path, *, write: bool) -> None:
    """Brings an older file up to date, one step a transaction; `user_version` counts the steps."""
    steps = sorted(
        (step for step in (files(__package__) / "migrations").iterdir() if step.name[0].isdigit()),
        key=lambda step: step.name,
    )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise Trouble("E-FLEET-06", file=str(path))
    if not write:
        return
    for number, step in enumerate(steps[version:], version + 1):
        script = step.read_text(encoding="utf-8")
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
        )


def _entry(row: dict[str, Any]) -> Entry:
    kind = Kind(row.pop("kind", Kind.GATEWAY))
    return Entry(kind=kind, **{**row, "retired": bool(row["retired"])})


def _past(row: dict[str, Any]) -> Past:
    because = Because(who=row["who"], why=row["why"], at=datetime.fromisoformat(row["at"]))
    before = _entry(json.loads(row["before"])) if row["before"] else None
    return Past(because=because, before=before, after=_entry(json.loads(row["after"])))


def _prepared(row: dict[str, Any]) -> Prepared:
    return Prepared(
        gateway=row["gateway"],
        nonce=row["nonce"],
        issued_at=datetime.fromisoformat(row["issued_at"]),
        expires_at=datetime.fromisoformat(row["expires_at"]),
    )


def _json(entry: Entry | None) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False) if entry else ""


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
