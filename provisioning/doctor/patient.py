"""One gateway as it can be looked at from here; each look is taken once."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509

from contract.agent_status import AgentStatus
from contract.document import load_document
from contract.live import LiveReading
from contract.outbox_report import OutboxReport
from contract.settings import AgentSettings
from provisioning.doctor.agent import Agent

ANSWER_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the file system of the outbox says."""

    free_bytes: int
    size_bytes: int
    read_only: bool


class Patient:
    """What checks ask; whatever cannot be had raises OSError or NadiError."""

    def __init__(self, settings_file: Path, *, path: str, now: Callable[[], datetime]) -> None:
        self.settings_file = settings_file
        self.now = now
        self._path = path

    @cached_property
    def settings(self) -> AgentSettings:
        """As the agent reads them."""
        text = self.settings_file.read_text(encoding="utf-8")
        return load_document(AgentSettings, text, name=str(self.settings_file))

    @property
    def agent(self) -> Agent:
        """Whoever runs with these settings."""
        where = Path(self.settings.gateway.socket)
        return Agent(socket=where, settings_file=self.settings_file, path=self._path)

    @cached_property
    def status(self) -> AgentStatus:
        """The running agent's."""
        return self.agent.ask({"cmd": "status"}, AgentStatus, within_s=ANSWER_S)

    @cached_property
    def outbox(self) -> OutboxReport:
        """The running agent's."""
        return self.agent.ask({"cmd": "outbox"}, OutboxReport, within_s=ANSWER_S)

    @cached_property
    def health(self) -> dict[str, float]:
        """What the gateway measures of itself, by quantity; the agent need not run."""
        own = self.settings.gateway.id
        said = self.agent.run("read", own, model=LiveReading, within_s=3 * ANSWER_S)
        return {value.quantity: value.value for value in said.values}

    def live(self, asset: str, *, within_s: float) -> LiveReading:
        """What a device says now, through the running agent."""
        command = {"cmd": "read", "asset": asset}
        return self.agent.ask(command, LiveReading, within_s=within_s)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The gateway's own; raises OSError or ValueError."""
        return x509.load_pem_x509_certificate(Path(self.settings.broker.cert_file).read_bytes())

    @cached_property
    def clock_is_behind(self) -> datetime | None:
        """A time that has been already and is later than now, as a wrong clock has it."""
        newest = max(self._past(), default=None)
        return newest if newest is not None and newest > self.now() else None

    def _past(self) -> list[datetime]:
        past = []
        data = Path(self.settings.gateway.data_dir)
        for file in (self.settings_file, data / "outbox.db", data / "outbox.db-wal"):
            try:
                past.append(datetime.fromtimestamp(file.stat().st_mtime, UTC))
            except OSError:
                continue
        with suppress(OSError, ValueError):
            past.append(self.certificate.not_valid_before_utc)
        return past

    def card(self) -> Card:
        """The file system that holds the outbox; raises OSError."""
        folder = Path(self.settings.gateway.data_dir)
        figures = os.statvfs(folder)
        return Card(
            free_bytes=figures.f_bavail * figures.f_frsize,
            size_bytes=figures.f_blocks * figures.f_frsize,
            read_only=bool(figures.f_flag & os.ST_RDONLY),
        )


def is_denied(error: OSError) -> bool:
    """Whether another user may do it."""
    return error.errno in (errno.EACCES, errno.EPERM)
