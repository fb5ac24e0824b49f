"""Certificates that bind one name to one key in one city, and bounds on who may make them.

A subject is the city (O), the role (OU) and the name (CN), in this order; the broker takes the CN
as user. What an authority may issue is bounded by its own certificate, which OpenSSL enforces:
a delegation's permitted names are whole subjects, so it can make those gateways and nobody else.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CURVE = ec.SECP256R1()
CLOCK_SKEW = timedelta(days=1)  # a peer whose clock is that far behind still believes us
ROOT_LIFE = timedelta(days=25 * 365)
ISSUING_LIFE = timedelta(days=10 * 365)
SERVER_LIFE = timedelta(days=2 * 365)
CLIENT_LIFE = timedelta(days=2 * 365)
TRIES = 16  # certificates that one delegation may make for one gateway


class Role(StrEnum):
    """What a certificate's holder is; its OU."""

    GATEWAY = "gateway"
    BRIDGE = "bridge"
    READER = "reader"  # a central system that hears the feed
    BROKER = "broker"
    ENROLMENT = "enrolment"  # the endpoint where gateways get theirs
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signs: a certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def city(self) -> str:
        """The city it issues for."""
        (organisation,) = self.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(organisation.value)


def new_key() -> ec.EllipticCurvePrivateKey:
    """EC P-256: every TLS stack that a gateway may meet knows it."""
    return ec.generate_private_key(CURVE)


def subject(city: str, role: Role, name: str) -> x509.Name:
    """Who it is."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, city),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def name_of(certificate: x509.Certificate) -> str:
    """The holder's name."""
    (common,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common.value)


def root(city: str, key: ec.EllipticCurvePrivateKey, *, now: datetime) -> x509.Certificate:
    """The city's trust anchor; what it signs may sign delegations, and those only gateways."""
    name = subject(city, Role.AUTHORITY, f"{city} root")
    builder = _builder(name, key.public_key(), name, key.public_key(), now=now, life=ROOT_LIFE)
    return _as_authority(builder, path_length=2).sign(key, hashes.SHA256())


def issuing(
    anchor: Issuer,
    key: ec.EllipticCurvePrivateKey,
    *,
    now: datetime,
    name: x509.Name | None = None,
) -> x509.Certificate:
    """The intermediate of every day; it can name nobody outside its city."""
    name = name or subject(anchor.city, Role.AUTHORITY, f"{anchor.city} issuing {now:%Y}")
    within = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, anchor.city)])
    builder = _as_authority(
        _signed_by(anchor, name, key.public_key(), now, ISSUING_LIFE), path_length=1
    )
    builder = _bounded(
        builder, [within], ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
    )
    return builder.sign(anchor.key, hashes.SHA256())


def delegation(
    issuer: Issuer,
    key: ec.EllipticCurvePrivateKey,
    *,
    name: str,
    gateways: Iterable[str],
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    """May make client certificates for these gateways and nobody else, and only while it lives."""
    permitted = [subject(issuer.city, Role.GATEWAY, gateway) for gateway in gateways]
    builder = _as_authority(
        _signed_by(issuer, subject(issuer.city, Role.AUTHORITY, name), key.public_key(), now, life),
        path_length=0,
    )
    builder = _bounded(builder, permitted, ExtendedKeyUsageOID.CLIENT_AUTH)
    return builder.sign(issuer.key, hashes.SHA256())


def client(
    issuer: Issuer,
    public_key: ec.EllipticCurvePublicKey,
    *,
    role: Role,
    name: str,
    now: datetime,
    life: timedelta = CLIENT_LIFE,
    serial: int | None = None,
) -> x509.Certificate:
    """For a gateway, a bridge or a reader; it never outlives who signs it."""
    who = subject(issuer.city, role, name)
    builder = _as_holder(_signed_by(issuer, who, public_key, now, life, serial=serial))
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return builder.add_extension(usage, critical=False).sign(issuer.key, hashes.SHA256())


def server(
    issuer: Issuer,
    public_key: ec.EllipticCurvePublicKey,
    *,
    name: str,
    hosts: Sequence[str],
    now: datetime,
    role: Role = Role.BROKER,
    life: timedelta = SERVER_LIFE,
) -> x509.Certificate:
    """For a broker or an endpoint that is found under `hosts`: addresses and DNS names."""
    who = subject(issuer.city, role, name)
    builder = _as_holder(_signed_by(issuer, who, public_key, now, life))
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    names = x509.SubjectAlternativeName([_host(host) for host in hosts])
    builder = builder.add_extension(usage, critical=False).add_extension(names, critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def delegated_serial(certificate: x509.Certificate, gateway: str, attempt: int) -> int:
    """The serial of the delegation's certificate for `gateway`, known to the city beforehand.

    So a gateway can be revoked before anybody has told the city that it was enrolled.
    """
    text = f"{certificate.serial_number}/{gateway}/{attempt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16]) | 1 << 127


def fingerprint(certificate: x509.Certificate) -> str:
    """Four groups of four that a person compares: 80 bits of the SHA-256 of the certificate."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = int.from_bytes(certificate.fingerprint(hashes.SHA256())[:10])
    letters = "".join(alphabet[bits >> shift & 31] for shift in range(75, -1, -5))
    return " ".join(letters[at : at + 4] for at in range(0, 16, 4))


def pem(*certificates: x509.Certificate) -> bytes:
    """One after the other: the holder's first, then who vouches for it."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: str | None = None) -> bytes:
    """The key, encrypted if there is a passphrase."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def _signed_by(
    issuer: Issuer,
    name: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
    *,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    left = issuer.certificate.not_valid_after_utc - now
    return _builder(
        name,
        public_key,
        issuer.certificate.subject,
        issuer.key.public_key(),
        now=now,
        life=min(life, left),
        serial=serial,
    )


def _builder(
    name: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer_name: x509.Name,
    issuer_key: ec.EllipticCurvePublicKey,
    *,
    now: datetime,
    life: timedelta,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer_name)
        .public_key(public_key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
    )


def _as_authority(builder: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    usage = _usage(key_cert_sign=True, crl_sign=True)
    basic = x509.BasicConstraints(ca=True, path_length=path_length)
    return builder.add_extension(basic, critical=True).add_extension(usage, critical=True)


def _as_holder(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    basic = x509.BasicConstraints(ca=False, path_length=None)
    usage = _usage(digital_signature=True)
    return builder.add_extension(basic, critical=True).add_extension(usage, critical=True)


def _bounded(
    builder: x509.CertificateBuilder,
    permitted: Iterable[x509.Name],
    *usages: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    names = x509.NameConstraints(
        permitted_subtrees=[x509.DirectoryName(name) for name in permitted],
        excluded_subtrees=None,
    )
    usage = x509.ExtendedKeyUsage(usages)
    return builder.add_extension(names, critical=True).add_extension(usage, critical=False)


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
