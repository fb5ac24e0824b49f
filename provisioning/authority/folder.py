"""Where the authority keeps what, and what of it is needed for which work."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field

from contract.document import Section, load_document
from contract.identity import CityField
from provisioning import revocation_list
from provisioning.authority.record import BY_ISSUING, Record
from provisioning.bridge.program import BridgeReach
from provisioning.broker.applying import Reach
from provisioning.certificates import Issuer
from provisioning.errors import Trouble

SETTINGS = "authority.toml"
ROOT, ISSUING = "root.pem", "issuing.pem"
PRIVATE, OFFLINE, BROKER, CLIENTS = "private", "offline", "broker", "clients"
ROOT_KEY, ISSUING_KEY, RECORD = "root.key", "issuing.key", "authority.db"


class AuthoritySettings(Section):
    """What a person should know of an authority without any tool."""

    city: CityField
    hosts: Annotated[tuple[str, ...], Field(strict=False)]
    broker: Reach
    bridge: BridgeReach = BridgeReach()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An authority that can issue; its root key is elsewhere."""

    folder: Path
    city: str
    hosts: tuple[str, ...]
    reach: Reach
    bridge: BridgeReach
    root: x509.Certificate
    issuing: Issuer

    @property
    def broker_folder(self) -> Path:
        """The broker's files as the authority last made them."""
        return self.folder / BROKER

    @property
    def record_file(self) -> Path:
        """What was issued and revoked."""
        return self.folder / PRIVATE / RECORD

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """What stands behind a certificate that the issuing one signed."""
        return (self.issuing.certificate,)

    def delegation_issuer(self, name: str) -> Issuer:
        """A delegation whose key the city kept, to be able to revoke what it made."""
        return issuer_of(*delegation_files(self.folder, name))

    def signed_lists(self, kept: Record, *, number: int, now: datetime) -> bytes:
        """The revocation lists of the issuing certificate and of every living delegation."""
        issuers = {BY_ISSUING: self.issuing}
        for delegated in kept.delegations(now):
            issuers[delegated.name] = self.delegation_issuer(delegated.name)
        return revocation_list.pem(
            *(
                revocation_list.signed(issuer, kept.revoked(name, now), number=number, now=now)
                for name, issuer in issuers.items()
            )
        )


def is_there(folder: Path) -> bool:
    """Whether there is an authority; raises Trouble if the folder holds something else."""
    if (folder / SETTINGS).is_file():
        return True
    if folder.exists() and any(folder.iterdir()):
        raise Trouble("E-AUTH-02", folder=str(folder))
    return False


def load(folder: Path, *, key_file: Path | None = None) -> Authority:
    """The authority in a folder, its issuing key perhaps elsewhere; raises Trouble."""
    if not is_there(folder):
        raise Trouble("E-AUTH-03", folder=str(folder))
    text = (folder / SETTINGS).read_text(encoding="utf-8")
    settings = load_document(AuthoritySettings, text, name=str(folder / SETTINGS))
    return Authority(
        folder=folder,
        city=settings.city,
        hosts=settings.hosts,
        reach=settings.broker,
        bridge=settings.bridge,
        root=certificate_of(folder / ROOT),
        issuing=issuer_of(folder / ISSUING, key_file or folder / PRIVATE / ISSUING_KEY),
    )


def issuer_of(certificate_file: Path, key_file: Path) -> Issuer:
    """A certificate and its key, from two files."""
    certificate, key = certificate_of(certificate_file), key_of(key_file)
    if key.public_key() != certificate.public_key():
        raise Trouble("E-AUTH-04", key=str(key_file), certificate=str(certificate_file))
    return Issuer(certificate=certificate, key=key)


def certificate_of(file: Path) -> x509.Certificate:
    """The first certificate in a file; raises Trouble if there is none."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError as error:
        raise Trouble("E-AUTH-05", file=str(file)) from error


def key_of(file: Path) -> ec.EllipticCurvePrivateKey:
    """The key in a file; raises Trouble if there is none."""
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise Trouble("E-AUTH-05", file=str(file)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Trouble("E-AUTH-05", file=str(file))
    return key


def delegation_files(folder: Path, name: str) -> tuple[Path, Path]:
    """Certificate and key of a delegation that the city kept."""
    kept = folder / PRIVATE / "delegations"
    return kept / f"{name}.pem", kept / f"{name}.key"
