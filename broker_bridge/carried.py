"""What a stick brings is taken in by the same ingest as on the wire, or named and left alone.

A part of which one byte is not what its gateway signed is stored in no part. Nothing on the stick
is deleted; the city's receipt is put beside, signed by this bridge's key.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker_bridge.durable import flush
from broker_bridge.errors import StickRefused
from broker_bridge.inbound import Arrived
from broker_bridge.ingest import Ingest, Outcome
from broker_bridge.language import _, mark
from contract.carried import (
    FOLDER,
    MAX_DOCUMENT_BYTES,
    MAX_PART_BYTES,
    RECEIPT,
    STATEMENT,
    Part,
    Signer,
    Statement,
    Trust,
    pack_receipt,
    part_range,
    unpack,
    unpack_statement,
)
from contract.codec import encode_header, encode_model
from contract.errors import MessageError, SignedError
from contract.identity import GatewayId, Lane
from contract.messages import Receipt
from contract.topics import Topics

GROUP_BATCHES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One file of the stick that was not taken, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What one gateway's folder brought; `known` were in the store already."""

    gateway: str
    parts: int = 0
    committed: int = 0
    readings: int = 0
    known: int = 0
    rejected: int = 0
    receipt: bool = False
    findings: tuple[Finding, ...] = ()


Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Reads a stick part by part; raises StoreGone, and then may be run again."""

    ingest: Ingest
    topics: Topics
    trust: Trust
    signer: Signer
    progress: Progress

    def run(self, stick: Path) -> Iterator[Imported]:
        """Each gateway's folder on the stick, in order; twice is harmless."""
        for city in sorted(_folders(stick / FOLDER)):
            for folder in sorted(_folders(city)):
                if city.name == self.trust.city:
                    yield self._gateway(folder)
                else:
                    why = _("it is of the city {theirs}, not of {ours}")
                    yield _refused(folder, why.format(theirs=city.name, ours=self.trust.city))

    def _gateway(self, folder: Path) -> Imported:
        gateway = GatewayId(folder.name)
        findings: list[Finding] = []
        names = sorted(name for name in _names(folder) if part_range(name))
        outcome, parts = Outcome(), 0
        statement = self._statement(folder, gateway, findings)
        for done, name in enumerate(names, start=1):
            if (part := self._part(folder, name, gateway, findings)) is not None:
                outcome += self._take(part)
                parts += 1
            self.progress(gateway, done, len(names))
        if statement is not None:
            outcome += self.ingest.take([self._holding(statement)])
            findings += _missing(statement, names)
        return Imported(
            gateway=gateway,
            parts=parts,
            committed=outcome.committed,
            readings=outcome.readings,
            known=outcome.duplicates,
            rejected=len(outcome.refusals),
            receipt=self._answer(folder, outcome.receipts, findings),
            findings=tuple(findings),
        )

    def _statement(
        self, folder: Path, gateway: GatewayId, findings: list[Finding]
    ) -> Statement | None:
        file = folder / STATEMENT
        if not file.exists():  # the stick was pulled out before the first visit was over
            return None
        try:
            return unpack_statement(_read(file, MAX_DOCUMENT_BYTES), self.trust, gateway=gateway)
        except (SignedError, MessageError, OSError) as error:
            findings.append(Finding(file=STATEMENT, reason=str(error)))
            return None

    def _part(
        self, folder: Path, name: str, gateway: GatewayId, findings: list[Finding]
    ) -> Part | None:
        try:
            return unpack(_read(folder / name, MAX_PART_BYTES), self.trust, gateway=gateway)
        except (SignedError, MessageError, OSError) as error:
            findings.append(Finding(file=name, reason=str(error)))
            return None

    def _take(self, part: Part) -> Outcome:
        topic = self.topics.batch(part.gateway, Lane.BACKLOG)
        arrived = [
            Arrived(topic=topic, header=encode_header(header), payload=body)
            for header, body in part.batches
        ]
        outcome = Outcome()
        for at in range(0, len(arrived), GROUP_BATCHES):
            outcome += self.ingest.take(arrived[at : at + GROUP_BATCHES])
        return outcome

    def _holding(self, statement: Statement) -> Arrived:
        topic = self.topics.holding(statement.gateway)
        return Arrived(topic=topic, header=(), payload=encode_model(statement.holding))

    def _answer(self, folder: Path, receipts: Sequence[Receipt], findings: list[Finding]) -> bool:
        """Whether the receipt is on the stick; without it the gateway keeps everything."""
        for receipt in receipts:
            try:
                _write(folder / RECEIPT, pack_receipt(self.trust.city, receipt, self.signer))
            except OSError as error:
                why = _("could not be written: {why}").format(why=error)
                findings.append(Finding(file=RECEIPT, reason=why))
                return False
        return bool(receipts)


def _refused(folder: Path, why: str) -> Imported:
    return Imported(gateway=folder.name, findings=(Finding(file=folder.name, reason=why),))


def _missing(statement: Statement, names: Sequence[str]) -> list[Finding]:
    there = set(names)
    why = _("the gateway put it on the stick, and it is not there any more")
    return [Finding(file=name, reason=why) for name in statement.parts if name not in there]


def _folders(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if one.is_dir() and not one.is_symlink()]
    except FileNotFoundError:
        return []


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


def _read(file: Path, limit: int) -> bytes:
    """A file of a stick from other hands: no link is followed, and no pipe is waited for."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, _("it is no file"))
        return opened.read(limit + 1)


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all, and on the stick when this returns."""
    draft = file.with_name("receipt.tmp")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(descriptor)
    draft.replace(file)
    flush(file.parent)


def nothing_there(stick: Path) -> StickRefused:
    """The folder is no stick of ours."""
    return StickRefused(
        mark("{folder}: no gateway has put anything there (it would be in {inside})"),
        hint=mark("give the folder where the stick is mounted; nadi collect fills it on a gateway"),
        folder=stick,
        inside=FOLDER,
    )
