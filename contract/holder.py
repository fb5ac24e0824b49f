"""A document's signer is who the city's authority says, by the chain of its certificates.

What each authority in the chain may issue is bounded by its own certificate, as OpenSSL enforces it
on a connection: a delegation vouches for the gateways it names and for nobody else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from contract.errors import Revoked
from contract.signed import (
    Sealed,
    altered,
    check_signature,
    extension_of,
    is_issued_by,
    refuse_other_city,
)

GATEWAY: Final = "gateway"
BRIDGE: Final = "bridge"
_SUBJECT = (
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.COMMON_NAME,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a certificate names."""

    role: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationLists:
    """What the city has revoked; `now` tells whether an authority without a list is over."""

    lists: tuple[x509.CertificateRevocationList, ...]
    now: datetime


def signed_by(sealed: Sealed, *, root: x509.Certificate) -> Holder:
    """Who signed the document; raises OtherCity or Altered. Nothing is said of its lifetime.

    Whether a signature was made before its certificate ran out cannot be known from a stick.
    """
    _check_chain((*sealed.chain, root))
    check_signature(sealed)
    names = [sealed.signer.subject.get_attributes_for_oid(oid) for oid in _SUBJECT]
    if [len(values) for values in names] != [1, 1, 1]:
        raise altered("whoever signed it has no name in a city")
    _, role, name = (str(values[0].value) for values in names)
    return Holder(role=role, name=name)


def refuse_revoked(chain: Sequence[x509.Certificate], revoked: RevocationLists) -> None:
    """Returns if the signer is on no list, and its authority keeps one; raises Revoked.

    What was signed before the certificate was superseded, as by a renewal, is as good as before:
    nobody else had its key. An authority that was revoked keeps no list any more; one that has run
    out needs none.
    """
    holder = chain[0]
    issuer = next((one for one in chain[1:] if is_issued_by(holder, one)), None)
    if issuer is None:
        return
    known = [one for one in revoked.lists if one.issuer == issuer.subject]
    known = [one for one in known if one.is_signature_valid(issuer.public_key())]  # type: ignore[arg-type]  # a key that signs no list is in no chain
    entries = (one.get_revoked_certificate_by_serial_number(holder.serial_number) for one in known)
    if any(entry is not None and not _is_superseded(entry) for entry in entries):
        raise Revoked("whoever signed it was revoked", hint="keep the stick and ask the office")
    if not known and revoked.now <= issuer.not_valid_after_utc:
        raise Revoked(
            "the authority of whoever signed it was revoked, or its list is not here",
            hint="take the newest lists from the office",
        )


def _is_superseded(entry: x509.RevokedCertificate) -> bool:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        return False
    return reason is x509.ReasonFlags.superseded


def _check_chain(chain: Sequence[x509.Certificate]) -> None:
    """From the holder up to the root: issued by the next, which may, for such a name."""
    holder, *authorities = chain
    refuse_other_city(chain[-2], chain[-1])
    if _is_authority(holder, below=0):
        raise altered("an authority signed it, and no holder")
    for below, (one, issuer) in enumerate(pairwise(chain)):
        if not is_issued_by(one, issuer) or not _is_authority(issuer, below=below):
            raise altered("its certificate is not of this city")
    if not all(_permits(one, holder.subject) for one in authorities):
        raise altered("its certificate names whom its authority may not name")


def _is_authority(certificate: x509.Certificate, *, below: int) -> bool:
    """Whether it may stand over so many other authorities and a holder."""
    basic = extension_of(certificate, x509.BasicConstraints)
    if basic is None or not basic.ca:
        return False
    return basic.path_length is None or basic.path_length >= below


def _permits(authority: x509.Certificate, subject: x509.Name) -> bool:
    bounds = extension_of(authority, x509.NameConstraints)
    if bounds is None:
        return True
    return bounds.excluded_subtrees is None and _is_within(subject, bounds.permitted_subtrees or ())


def _is_within(subject: x509.Name, permitted: Iterable[x509.GeneralName]) -> bool:
    names = [one.value.rdns for one in permitted if isinstance(one, x509.DirectoryName)]
    return any(subject.rdns[: len(rdns)] == rdns for rdns in names)
