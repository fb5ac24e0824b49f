"""A revocation list names every certificate that must be refused, and never locks out the others.

A list that has run out makes the broker refuse everybody. So a list lives as long as the authority
that signs it; that the newest is in force is shown by a probe, not hoped for from an expiry.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from provisioning.certificates import CLOCK_SKEW, Issuer

SUPERSEDED = x509.CRLReason(x509.ReasonFlags.superseded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """One certificate that is refused; of a `superseded` one nobody else had the key."""

    serial: int
    at: datetime
    superseded: bool = False


def signed(
    issuer: Issuer, revoked: Iterable[Revoked], *, number: int, now: datetime
) -> x509.CertificateRevocationList:
    """The list of what `issuer` has revoked so far."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - CLOCK_SKEW)
        .next_update(issuer.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(one.at)
        if one.superseded:
            entry = entry.add_extension(SUPERSEDED, critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256())


def pem(*lists: x509.CertificateRevocationList) -> bytes:
    """Lists of several authorities in one file, as the broker reads them."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in lists)


def number_of(text: bytes) -> int:
    """The number of the first list in a file; all lists of a file have the same."""
    first = x509.load_pem_x509_crl(text)
    return first.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
