"""What lets a gateway have a certificate: a delegation at hand, or a token and a network."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from contract.bundle import Bundle
from provisioning import sticks
from provisioning.authority import delegating
from provisioning.authority.delegating import Delegation
from provisioning.enrolment import token as tokens
from provisioning.enrolment.token import Token
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.joining import asking, signing
from provisioning.language import _

NAMES = ("delegation", "delegation-*", "*.delegation")


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """A delegation that was opened."""

    delegation: Delegation
    file: Path

    def certify(self, key: ec.EllipticCurvePrivateKey, *, bundle: Bundle, now: datetime) -> bytes:
        """The certificate and what stands behind it."""
        return signing.sign(self.delegation, bundle, key.public_key(), file=self.file, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTime:
    """A token for this gateway, of the authority that the bundle is of."""

    token: Token

    def certify(self, key: ec.EllipticCurvePrivateKey, *, bundle: Bundle, now: datetime) -> bytes:
        """The certificate and what stands behind it, from the endpoint."""
        del now  # the endpoint has a clock of its own
        return asking.enrol(bundle, self.token, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a person said of it on the line."""

    delegation: str | None = None
    passphrase: str | None = None
    token: str | None = None

    def opened(self, job: Job, bundle: Bundle, *, now: datetime) -> AtHand | OneTime:
        """Asks for what was not said; raises Trouble."""
        at_hand = [] if self.delegation else _on_sticks(job)
        if self.token is not None or (bundle.enrolment and not self.delegation and not at_hand):
            return self._one_time(job, bundle)
        default = f"{sticks.PREFIX}{at_hand[0].name}" if len(at_hand) == 1 else None
        said = job.ask(self.delegation, _("The delegation"), flag="--delegation", default=default)
        file = sticks.file_of(said, ("",), job.environ)
        secret = job.secret(self.passphrase, _("Passphrase for it"), flag="--passphrase")
        delegation = delegating.load(file, passphrase=secret)
        signing.check(delegation, bundle, file=file, now=now)
        return AtHand(delegation=delegation, file=file)

    def _one_time(self, job: Job, bundle: Bundle) -> OneTime:
        token = tokens.parse(job.secret(self.token, _("One-time token"), flag="--token"))
        if token.pin != bundle.pin:
            raise Trouble("E-TOKEN-06")
        if token.gateway != bundle.gateway:
            raise Trouble("E-TOKEN-03", gateway=bundle.gateway)
        return OneTime(token=token)


def _on_sticks(job: Job) -> list[Path]:
    there = sticks.found(NAMES, job.environ)
    return [file for file in there if not file.name.endswith(signing.SUFFIX)]
