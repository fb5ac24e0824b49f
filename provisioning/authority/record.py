"""Every certificate that was made and every one that was revoked, in one file with its locks."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from provisioning.certificates import Role, name_of
from provisioning.revocation_list import Revoked

WAIT_S = 10.0
BY_ISSUING = "issuing"  # how the record names the issuing certificate, beside the delegations
TOKEN_KEPT = timedelta(days=1)
SCHEMA = """
CREATE TABLE certificate (
    serial TEXT NOT NULL,
    issuer TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    not_before TEXT NOT NULL,
    not_after TEXT NOT NULL,
    PRIMARY KEY (issuer, serial)
) STRICT;
CREATE INDEX certificate_name ON certificate (name);
CREATE TABLE revocation (
    issuer TEXT NOT NULL,
    serial TEXT NOT NULL,
    name TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    not_after TEXT NOT NULL,
    PRIMARY KEY (issuer, serial)
) STRICT;
CREATE TABLE delegation (
    name TEXT PRIMARY KEY,
    gateways TEXT NOT NULL,
    not_after TEXT NOT NULL,
    revoked_at TEXT
) STRICT;
CREATE TABLE revocation_list (number INTEGER PRIMARY KEY, at TEXT NOT NULL, applied_at TEXT) STRICT;
"""
TOKENS = """
CREATE TABLE IF NOT EXISTS token (
    digest TEXT PRIMARY KEY,
    gateway TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
) STRICT
"""
RENEWALS = """
CREATE TABLE IF NOT EXISTS renewal (
    serial TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    old_issuer TEXT NOT NULL,
    old_serial TEXT NOT NULL,
    old_not_after TEXT NOT NULL
) STRICT
"""
SUPERSEDED = """
CREATE TABLE IF NOT EXISTS superseded (
    issuer TEXT NOT NULL,
    serial TEXT NOT NULL,
    PRIMARY KEY (issuer, serial)
) STRICT
"""
LATER = (TOKENS, RENEWALS, SUPERSEDED)  # a record from before there were any lacks them
CLAIM = """
UPDATE token SET used_at = ? WHERE digest = ? AND gateway = ? AND used_at IS NULL AND expires_at > ?
RETURNING digest
"""
FORGET = "DELETE FROM token WHERE expires_at <= ?"
ADD = """
INSERT INTO certificate (serial, issuer, name, role, not_before, not_after)
VALUES (?, ?, ?, ?, ?, ?)
"""
REVOKE = """
INSERT INTO revocation (issuer, serial, name, at, reason, not_after) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
ADD_RENEWAL = """
INSERT INTO renewal (serial, name, old_issuer, old_serial, old_not_after) VALUES (?, ?, ?, ?, ?)
"""
# What a renewed certificate is in the place of: those before it, and others made of the same one.
REPLACED = """
WITH RECURSIVE earlier (name, issuer, serial, not_after) AS (
    SELECT name, old_issuer, old_serial, old_not_after FROM renewal WHERE serial = ?1
    UNION
    SELECT r.name, r.old_issuer, r.old_serial, r.old_not_after
    FROM renewal AS r JOIN earlier AS b ON b.issuer = 'issuing' AND r.serial = b.serial
)
SELECT name, issuer, serial, not_after FROM earlier
UNION
SELECT c.name, c.issuer, c.serial, c.not_after
FROM renewal AS own
JOIN renewal AS r ON r.old_issuer = own.old_issuer AND r.old_serial = own.old_serial
JOIN certificate AS c ON c.issuer = 'issuing' AND c.serial = r.serial
WHERE own.serial = ?1 AND r.serial <> ?1
"""
REVOKED = """
SELECT r.serial, r.at, s.serial IS NOT NULL FROM revocation AS r LEFT JOIN superseded AS s
ON s.issuer = r.issuer AND s.serial = r.serial
WHERE r.issuer = ? AND r.not_after > ? ORDER BY r.at, r.serial
"""
COMPROMISE = """
DELETE FROM superseded
WHERE (issuer, serial) IN (SELECT issuer, serial FROM revocation WHERE name = ?)
"""
UNLISTED = """
SELECT count(*) FROM revocation
WHERE not_after > ? AND at > (SELECT coalesce(max(at), '') FROM revocation_list)
"""
LIVING = """
SELECT c.issuer, c.serial, c.name, c.role, c.not_after FROM certificate AS c
WHERE c.not_after > ? AND NOT EXISTS (
    SELECT 1 FROM revocation AS r WHERE r.issuer = c.issuer AND r.serial = c.serial
)
ORDER BY c.not_after
"""
NEWEST = """
SELECT issuer, serial, name, role, max(not_after) FROM certificate AS c
WHERE NOT EXISTS (
    SELECT 1 FROM revocation AS r WHERE r.issuer = c.issuer AND r.serial = c.serial
)
GROUP BY role, name ORDER BY role, name
"""


class TokenState(StrEnum):
    """Why a token cannot be used."""

    UNKNOWN = "unknown"
    OTHER = "other gateway"
    EXPIRED = "expired"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One certificate that is neither run out nor revoked."""

    issuer: str
    serial: int
    name: str
    role: Role
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegated:
    """One delegation and the gateways it may make certificates for."""

    name: str
    gateways: tuple[str, ...]
    until: datetime


class Record:
    """One writer at a time; a reader sees what was committed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, certificate: x509.Certificate, *, issuer: str, role: Role) -> None:
        """It was made."""
        self._connection.execute(
            ADD,
            (
                f"{certificate.serial_number:x}",
                issuer,
                name_of(certificate),
                role,
                _text(certificate.not_valid_before_utc),
                _text(certificate.not_valid_after_utc),
            ),
        )

    def add_delegation(self, delegated: Delegated) -> None:
        """It was handed out."""
        self._connection.execute(
            "INSERT INTO delegation (name, gateways, not_after) VALUES (?, ?, ?)",
            (delegated.name, json.dumps(delegated.gateways), _text(delegated.until)),
        )

    def add_token(self, digest: str, *, gateway: str, until: datetime, now: datetime) -> None:
        """It may be used once; what has been useless for a day is forgotten."""
        self._connection.execute(FORGET, (_text(now - TOKEN_KEPT),))
        self._connection.execute(
            "INSERT INTO token (digest, gateway, expires_at) VALUES (?, ?, ?)",
            (digest, gateway, _text(until)),
        )

    def claim_token(self, digest: str, *, gateway: str, now: datetime) -> bool:
        """Whether it could be used, which it then was; the claim ends with this transaction."""
        values = (_text(now), digest, gateway, _text(now))
        return self._connection.execute(CLAIM, values).fetchone() is not None

    def token_state(self, digest: str, *, gateway: str) -> TokenState:
        """Why it could not be used."""
        row = self._connection.execute(
            "SELECT gateway, used_at FROM token WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return TokenState.UNKNOWN
        if row[0] != gateway:
            return TokenState.OTHER
        return TokenState.EXPIRED if row[1] is None else TokenState.USED

    def living(self, now: datetime) -> tuple[Issued, ...]:
        """Every certificate that a peer would accept now, the one that ends first first."""
        return tuple(map(_issued, self._connection.execute(LIVING, (_text(now),))))

    def newest_of(self, *roles: Role) -> tuple[Issued, ...]:
        """The certificate of each name that lives longest, even if it has run out."""
        newest = map(_issued, self._connection.execute(NEWEST))
        return tuple(one for one in newest if one.role in roles)

    def next_delegation(self) -> int:
        """A number that no delegation has had."""
        (count,) = self._connection.execute("SELECT count(*) FROM delegation").fetchone()
        return int(count) + 1

    def delegations(self, now: datetime) -> tuple[Delegated, ...]:
        """Every delegation that has neither run out nor been revoked."""
        rows = self._connection.execute(
            "SELECT name, gateways, not_after FROM delegation "
            "WHERE not_after > ? AND revoked_at IS NULL ORDER BY name",
            (_text(now),),
        )
        return tuple(
            Delegated(name=name, gateways=tuple(json.loads(gateways)), until=_moment(until))
            for name, gateways, until in rows
        )

    def revoke(
        self,
        serials: Sequence[int],
        *,
        issuer: str,
        name: str,
        at: datetime,
        reason: str,
        until: datetime,
        superseded: bool = False,
    ) -> None:
        """They are refused from the next list on, and stay in it until `until`.

        What its holder signed before stays good where it was only `superseded`.
        """
        for one in serials:
            row = (issuer, f"{one:x}", name, _text(at), reason, _text(until))
            is_new = self._connection.execute(REVOKE, row).rowcount
            if is_new and superseded:
                self._connection.execute("INSERT INTO superseded VALUES (?, ?)", row[:2])
            if not superseded:
                self._connection.execute(
                    "DELETE FROM superseded WHERE issuer = ? AND serial = ?", row[:2]
                )

    def add_renewal(self, made: x509.Certificate, *, of: x509.Certificate, issuer: str) -> None:
        """It was made for the holder of an older one, which `issuer` had made."""
        serials = f"{made.serial_number:x}", f"{of.serial_number:x}"
        row = (serials[0], name_of(made), issuer, serials[1], _text(of.not_valid_after_utc))
        self._connection.execute(ADD_RENEWAL, row)

    def supersede(self, serial: int, *, at: datetime) -> tuple[int, ...]:
        """What that certificate was made in place of is revoked; its serials."""
        rows = self._connection.execute(REPLACED, (f"{serial:x}",)).fetchall()
        for name, issuer, old, until in rows:
            self.revoke(
                [int(old, 16)], issuer=issuer, name=name, at=at, reason="renewed",
                until=_moment(until), superseded=True,
            )  # fmt: skip
        return tuple(int(old, 16) for _, _, old, _ in rows)

    def compromise(self, name: str) -> None:
        """Nothing that the name ever signed is good any more."""
        self._connection.execute(COMPROMISE, (name,))

    def unlisted(self, now: datetime) -> int:
        """How many were revoked after the newest list was signed."""
        (count,) = self._connection.execute(UNLISTED, (_text(now),)).fetchone()
        return int(count)

    def revoked(self, issuer: str, now: datetime) -> tuple[Revoked, ...]:
        """What the next list of `issuer` must name."""
        rows = self._connection.execute(REVOKED, (issuer, _text(now)))
        return tuple(
            Revoked(serial=int(serial, 16), at=_moment(at), superseded=bool(superseded))
            for serial, at, superseded in rows
        )

    def revoked_names(self, now: datetime) -> tuple[str, ...]:
        """Names of which a certificate is on the lists."""
        rows = self._connection.execute(
            "SELECT DISTINCT name FROM revocation WHERE not_after > ? ORDER BY name", (_text(now),)
        )
        return tuple(name for (name,) in rows)

    def revoke_delegation(self, name: str, *, at: datetime) -> None:
        """Its own list is no longer made, and the broker refuses whom it cannot look up."""
        self._connection.execute(
            "UPDATE delegation SET revoked_at = ? WHERE name = ?", (_text(at), name)
        )

    def next_list(self, now: datetime) -> int:
        """The number of a new list; numbers only grow."""
        (number,) = self._connection.execute(
            "INSERT INTO revocation_list (number, at) "
            "SELECT coalesce(max(number), 0) + 1, ? FROM revocation_list RETURNING number",
            (_text(now),),
        ).fetchone()
        return int(number)

    def applied(self, number: int, *, at: datetime) -> None:
        """The broker was shown to have this list, and so every earlier one."""
        self._connection.execute(
            "UPDATE revocation_list SET applied_at = ? WHERE number <= ? AND applied_at IS NULL",
            (_text(at), number),
        )

    def applied_list(self) -> int:
        """The number of the newest list that the broker is known to have."""
        (number,) = self._connection.execute(
            "SELECT coalesce(max(number), 0) FROM revocation_list WHERE applied_at IS NOT NULL"
        ).fetchone()
        return int(number)

    def newest_list(self) -> int:
        """The number of the newest list."""
        (number,) = self._connection.execute(
            "SELECT coalesce(max(number), 0) FROM revocation_list"
        ).fetchone()
        return int(number)


def create(path: Path) -> None:
    """An empty record, for its owner only."""
    path.touch(mode=0o600, exist_ok=False)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        _add_later(connection)


@contextmanager
def opened(path: Path, *, write: bool) -> Iterator[Record]:
    """The record, for one transaction; nothing of it stays if the block raises."""
    uri = f"{path.absolute().as_uri()}?mode={'rw' if write else 'ro'}"
    with closing(
        sqlite3.connect(uri, uri=True, timeout=WAIT_S, isolation_level=None)
    ) as connection:
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        try:
            if write:
                _add_later(connection)
            yield Record(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _add_later(connection: sqlite3.Connection) -> None:
    for table in LATER:
        connection.execute(table)


def _issued(row: tuple[str, str, str, str, str]) -> Issued:
    issuer, serial, name, role, until = row
    return Issued(
        issuer=issuer, serial=int(serial, 16), name=name, role=Role(role), until=_moment(until)
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
