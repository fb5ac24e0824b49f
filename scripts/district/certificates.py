"""A development authority whose every certificate says that it is not for a city."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from contract.registry import Registry, sign_registry
from provisioning import certificates, revocation_list
from provisioning.certificates import Issuer, Role
from provisioning.files import PRIVATE, NewFile, write

MARK = "NOT FOR A CITY: development authority"
VALID = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What one side of a mutual TLS connection shows and trusts, all PEM."""

    ca_file: Path
    cert_file: Path
    key_file: Path


class Authority:
    """Issues certificates, valid for a year, into one folder."""

    def __init__(self, folder: Path, *, now: datetime) -> None:
        """A new authority: `ca.pem` and an empty `crl.pem` in `folder`; its key stays in memory."""
        key = certificates.new_key()
        anchor = certificates.root(MARK, key, now=now)
        self._folder = folder
        self._now = now
        self._issuer = Issuer(certificate=anchor, key=key)
        self.ca_file = folder / "ca.pem"
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file.write_bytes(certificates.pem(anchor))
        nobody = revocation_list.signed(self._issuer, [], number=1, now=now)
        (folder / "crl.pem").write_bytes(revocation_list.pem(nobody))

    def server(
        self, name: str, *, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    ) -> Credentials:
        """A broker's certificate, valid for `hosts` (addresses or DNS names)."""
        key = certificates.new_key()
        made = certificates.server(
            self._issuer, key.public_key(), name=name, hosts=hosts, now=self._now, life=VALID
        )
        return self._write(name, key, made)

    def client(self, name: str) -> Credentials:
        """A gateway's, bridge's or reader's certificate; the broker takes `name` as its user."""
        key = certificates.new_key()
        made = certificates.client(
            self._issuer,
            key.public_key(),
            role=_role(name),
            name=name,
            now=self._now,
            life=VALID,
        )
        return self._write(name, key, made)

    def sign(self, registry: Registry) -> bytes:
        """The registry as the city's office would sign it."""
        key = certificates.new_key()
        signer = certificates.issuing(self._issuer, key, now=self._now)
        return sign_registry(registry, signer=signer, key=key)

    def _write(
        self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> Credentials:
        cert_file, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert_file.write_bytes(certificates.pem(certificate))
        write(NewFile(path=key_file, data=certificates.key_pem(key), mode=PRIVATE))
        return Credentials(ca_file=self.ca_file, cert_file=cert_file, key_file=key_file)


def _role(name: str) -> Role:
    """A bridge signs what only a bridge may."""
    return Role.BRIDGE if name.startswith("bridge") else Role.GATEWAY
