"""What a renewal is made of; each step finds what an earlier run has done already."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from contract.agent_status import AgentStatus
from contract.bundle import Bundle
from contract.errors import NadiError
from contract.reasons import of_system
from contract.tls import Broker
from provisioning.certificates import pem
from provisioning.doctor import way
from provisioning.doctor.agent import Agent, AgentShut
from provisioning.doctor.way import Verdict
from provisioning.errors import Trouble
from provisioning.joining import asking
from provisioning.joining.asking import Shown
from provisioning.joining.identity import BUNDLE, KEY, REPLACES, Identities, Identity, Replaces
from provisioning.language import mark

ASK_S = 10.0
PAUSE_S = 0.5
WHY = {
    Verdict.OURS_REVOKED: mark("it says that the certificate was revoked."),
    Verdict.OURS_EXPIRED: mark("it says that the certificate has run out."),
    Verdict.OURS_FOREIGN: mark("it says that another authority made the certificate."),
    Verdict.THEIRS_EXPIRED: mark("its own certificate has run out."),
    Verdict.THEIRS_EARLY: mark("its own certificate is not valid yet."),
    Verdict.THEIRS_FOREIGN: mark("its own certificate is of another authority."),
    Verdict.THEIRS_MISNAMED: mark("its own certificate has another name."),
}


def due_at(certificate: x509.Certificate) -> datetime:
    """Half its life."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begins + (ends - begins) / 2


def next_nonce(certificate: x509.Certificate) -> str:
    """The name of the identity after this one: a run that was cut short finds it again."""
    text = f"renewal/{certificate.serial_number:x}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def certify(current: Identity, new: Identity, bundle: Bundle) -> x509.Certificate:
    """The new identity's certificate: its key is made here, and the city signs."""
    if new.certificate is None:
        chain = asking.renew(bundle, shown(current), new.key())
        new.keep(BUNDLE, (current.folder / BUNDLE).read_bytes())
        new.complete(chain=chain, anchor=pem(current.anchor))
    certificate = new.certificate
    assert certificate is not None, "it was just written"
    return certificate


def shown(identity: Identity) -> Shown:
    """What of an identity the endpoint is shown."""
    where = identity.files
    return Shown(certificate_file=Path(where["cert_file"]), key_file=Path(where["key_file"]))


def try_on(broker: Broker, identity: Identity) -> None:
    """A real connection to the broker under this identity; raises Trouble."""
    place = f"{broker.host}:{broker.port}"
    try:
        verdict, why = way.tls(broker.model_copy(update=identity.files))
    except OSError as error:
        raise Trouble("E-RENEW-09", broker=place, why=of_system(error)) from None
    if verdict is not Verdict.GOOD:
        raise Trouble("E-RENEW-08", broker=place, why=WHY.get(verdict, why))


def switch(identities: Identities, current: Identity, new: Identity, epoch: str) -> None:
    """From here on the new one is in use; `epoch` is of the run that has loaded the old one."""
    note(new, Replaces(nonce=current.nonce, epoch=epoch))
    identities.use(new)


def switch_back(identities: Identities, replaces: Replaces) -> None:
    """The old one is in use again; the new one is kept, and tried again by the next run."""
    new = identities.in_use()
    identities.use(identities.new(replaces.nonce))
    if new is not None:
        new.forget(REPLACES)


def note(identity: Identity, replaces: Replaces) -> Replaces:
    """For the next run, should this one end here."""
    identity.keep(REPLACES, replaces.model_dump_json().encode())
    return replaces


def finish(identities: Identities, current: Identity, bundle: Bundle, replaces: Replaces) -> None:
    """The city revokes what was replaced; its key is of no more use to anybody."""
    asking.supersede(bundle, shown(current))
    identities.new(replaces.nonce).forget(KEY)
    current.forget(REPLACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The agent, asked whether it has loaded the new certificate and what the city said to that."""

    agent: Agent

    def epoch(self) -> str:
        """Of the run now; empty if none answers. Raises Trouble if it may not be asked."""
        said = self._status()
        return said.epoch if said else ""

    def is_answered(self, before: str) -> bool:
        """Whether the city has told a run after `before` that it has heard of it.

        Such a run has loaded the new certificate, and stated itself to the city with it, whether
        or not it had anything to seal.
        """
        said = self._status()
        return said is not None and said.epoch != before and said.link.answered

    def _status(self) -> AgentStatus | None:
        try:
            return self.agent.ask({"cmd": "status"}, AgentStatus, within_s=ASK_S)
        except AgentShut:
            raise Trouble("E-FILE-01", path=str(self.agent.socket)) from None
        except NadiError:
            return None

    def wait(
        self,
        before: str,
        wait_s: float,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> bool:
        """Whether that came in time."""
        until = monotonic() + wait_s
        while not self.is_answered(before):
            if monotonic() >= until:
                return False
            sleep(PAUSE_S)
        return True
