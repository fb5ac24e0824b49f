"""A delegation lets a laptop without a network make certificates for named gateways, for days.

OpenSSL holds it to that: its certificate permits whole subjects, no further authority, and clients
only. The serials it uses follow from its own, so the city can revoke what it has not heard of yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioning import certificates, files
from provisioning.authority import record
from provisioning.authority.folder import Authority, delegation_files
from provisioning.authority.record import Delegated, Record
from provisioning.broker.folder import CRL, broker_file
from provisioning.certificates import TRIES, Issuer, Role, delegated_serial, pem
from provisioning.errors import Trouble
from provisioning.names import checked, same_ignoring_case

MAX_DAYS, MAX_GATEWAYS = 90, 500
RESERVED = "nadi-"  # probes of our own
OURS = ("root", "issuing")  # of the authority itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """What a technician's laptop holds."""

    issuer: Issuer
    chain: tuple[x509.Certificate, ...]
    root: x509.Certificate

    @property
    def name(self) -> str:
        """How the office calls it."""
        return certificates.name_of(self.issuer.certificate)

    @property
    def until(self) -> datetime:
        """When it and all it made run out."""
        return self.issuer.certificate.not_valid_after_utc

    @property
    def gateways(self) -> tuple[str, ...]:
        """Whom it may make certificates for."""
        bounds = self.issuer.certificate.extensions.get_extension_for_class(x509.NameConstraints)
        names = bounds.value.permitted_subtrees or []
        return tuple(
            str(one.value.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) for one in names
        )

    def refuse(self, gateway: str, *, now: datetime) -> None:
        """Raises Trouble if it may make nothing for this gateway now."""
        if gateway not in self.gateways:
            raise Trouble("E-DELEGATION-01", gateway=gateway, name=self.name)
        if now >= self.until:
            raise Trouble("E-DELEGATION-02", name=self.name, day=f"{self.until:%Y-%m-%d}")

    def certify(
        self,
        public_key: ec.EllipticCurvePublicKey,
        *,
        gateway: str,
        attempt: int,
        now: datetime,
    ) -> bytes:
        """A certificate and what stands behind it; `attempt` counts those of this gateway."""
        self.refuse(gateway, now=now)
        if not 0 <= attempt < TRIES:
            raise Trouble("E-DELEGATION-03", gateway=gateway, count=TRIES)
        certificate = certificates.client(
            self.issuer,
            public_key,
            role=Role.GATEWAY,
            name=gateway,
            now=now,
            serial=delegated_serial(self.issuer.certificate, gateway, attempt),
        )
        return pem(certificate, self.issuer.certificate, *self.chain)


def check_names(kept: Record, gateways: Sequence[str], *, now: datetime) -> tuple[str, ...]:
    """The names, if each can be a gateway's and nobody else's; raises Trouble."""
    others = {one.name: one.role for one in kept.living(now)}
    for name in map(checked, gateways):
        twin = same_ignoring_case(name, (*others, *gateways))
        if name.casefold() in OURS:
            raise Trouble("E-DELEGATION-04", name=name, twin=name.casefold())
        if name.casefold().startswith(RESERVED):
            raise Trouble("E-DELEGATION-04", name=name, twin=f"{RESERVED}…")
        if twin and (twin != name or others.get(twin, Role.GATEWAY) is not Role.GATEWAY):
            raise Trouble("E-DELEGATION-04", name=name, twin=twin)
    return tuple(dict.fromkeys(gateways))


def delegate(
    authority: Authority,
    kept: Record,
    *,
    gateways: Sequence[str],
    life: timedelta,
    now: datetime,
) -> Delegation:
    """A new delegation; the city keeps its key, to revoke what it will have made."""
    key = certificates.new_key()
    name = f"delegation-{kept.next_delegation()}"
    certificate = certificates.delegation(
        authority.issuing, key, name=name, gateways=gateways, now=now, life=life
    )
    kept.add_delegation(
        Delegated(name=name, gateways=tuple(gateways), until=certificate.not_valid_after_utc)
    )
    certificate_file, key_file = delegation_files(authority.folder, name)
    files.write(files.NewFile(path=certificate_file, data=pem(certificate)))
    key_data = certificates.key_pem(key)
    files.write(files.NewFile(path=key_file, data=key_data, mode=files.PRIVATE))
    return Delegation(
        issuer=Issuer(certificate=certificate, key=key), chain=authority.chain, root=authority.root
    )


def make(
    authority: Authority,
    gateways: Sequence[str],
    *,
    life: timedelta,
    now: datetime,
    file: Path,
    passphrase: str,
) -> Delegation:
    """A delegation in `file`; the broker learns of it with the next lists."""
    with record.opened(authority.record_file, write=True) as kept:
        made = delegate(authority, kept, gateways=gateways, life=life, now=now)
        lists = authority.signed_lists(kept, number=kept.next_list(now), now=now)
        save(made, file, passphrase=passphrase)
    files.write(broker_file(authority.broker_folder, CRL, lists))
    return made


def save(delegation: Delegation, file: Path, *, passphrase: str) -> None:
    """One file for the laptop: certificates up to the city's root, and the encrypted key."""
    whole = pem(delegation.issuer.certificate, *delegation.chain, delegation.root)
    data = whole + certificates.key_pem(delegation.issuer.key, passphrase)
    files.write(files.NewFile(path=file, data=data, mode=files.PRIVATE))


def load(file: Path, *, passphrase: str) -> Delegation:
    """The delegation in a file; raises Trouble if file or passphrase is wrong."""
    data = file.read_bytes()
    try:
        certificate, *chain, root = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise Trouble("E-AUTH-05", file=str(file)) from error
    try:
        key = serialization.load_pem_private_key(data, password=passphrase.encode())
    except (ValueError, TypeError) as error:
        raise Trouble("E-AUTH-06", file=str(file)) from error
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Delegation(
        issuer=Issuer(certificate=certificate, key=key), chain=tuple(chain), root=root
    )
