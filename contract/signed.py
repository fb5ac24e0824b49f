"""A document that the city's authority signed: a person reads it, and nobody changes it unseen.

It is JSON, then the signature and the certificate of whoever signed, both armoured as in a PEM
file. What is signed begins with the document's type, so that no signature serves another type, a
certificate or a revocation list.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from contract.errors import Altered, OtherCity

MAX_BYTES: Final = 64 << 20
MAX_CHAIN: Final = 4  # a gateway, its delegation, the issuing one, and one to spare
_BEGIN, _END = b"-----BEGIN NADI SIGNATURE-----\n", b"-----END NADI SIGNATURE-----\n"
_LINE = 64
# What reading a damaged certificate raises, as late as when a part of it is asked for.
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    CryptographyDeprecationWarning,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_E = TypeVar("_E", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A document and who signed it; nothing is believed yet."""

    kind: str
    body: bytes
    signature: bytes
    chain: tuple[x509.Certificate, ...]

    @property
    def signer(self) -> x509.Certificate:
        """Whose key signed it; the others vouch, each for the one before."""
        return self.chain[0]


def seal(
    kind: str,
    body: bytes,
    *,
    signer: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    vouchers: Sequence[x509.Certificate] = (),
) -> bytes:
    """The signed document; `kind` is the name of its type."""
    signature = key.sign(_signed_bytes(kind, body), ec.ECDSA(hashes.SHA256()))
    return written(Sealed(kind=kind, body=body, signature=signature, chain=(signer, *vouchers)))


def written(sealed: Sealed) -> bytes:
    """The bytes of a signed document; any others with the same parts were changed by somebody."""
    text = base64.b64encode(sealed.signature)
    lines = b"".join(text[at : at + _LINE] + b"\n" for at in range(0, len(text), _LINE))
    chain = (one.public_bytes(serialization.Encoding.PEM) for one in sealed.chain)
    return sealed.body + b"\n" + _BEGIN + lines + _END + b"".join(chain)


def parse(kind: str, data: bytes) -> Sealed:
    """The parts of a signed document; raises Altered if it is none."""
    body, begin, rest = data.rpartition(b"\n" + _BEGIN)
    lines, end, certificate = rest.partition(_END)
    if not begin or not end or len(data) > MAX_BYTES:
        raise altered("it carries no signature of a city")
    try:
        signature = base64.b64decode(lines.replace(b"\n", b""), validate=True)
    except binascii.Error:
        raise altered("its signature cannot be read") from None
    return Sealed(kind=kind, body=body, signature=signature, chain=chain_of(certificate))


def certificate_of(text: bytes) -> x509.Certificate:
    """A certificate in PEM; raises Altered."""
    try:
        return x509.load_pem_x509_certificate(text)
    except _UNREADABLE:
        raise altered("a certificate in it cannot be read") from None


def chain_of(text: bytes) -> tuple[x509.Certificate, ...]:
    """Certificates in PEM, each vouched for by the next; raises Altered."""
    try:
        chain = tuple(x509.load_pem_x509_certificates(text))
    except _UNREADABLE:
        raise altered("a certificate in it cannot be read") from None
    if len(chain) > MAX_CHAIN:
        raise altered("more certificates stand in it than a city has")
    return chain


def verified(sealed: Sealed, *, root: x509.Certificate) -> bytes:
    """The body, if the authority under `root` signed it; raises OtherCity or Altered."""
    refuse_other_city(sealed.signer, root)
    if not _is_authority(sealed.signer):
        raise altered("whoever signed it may not")
    if not is_issued_by(sealed.signer, root):
        raise altered("its signature does not fit")
    check_signature(sealed)
    return sealed.body


def check_signature(sealed: Sealed) -> None:
    """Returns if the signer's key made the signature; raises Altered."""
    key = _public_key(sealed.signer)
    if key is None:
        raise altered("whoever signed it may not")
    try:
        what = _signed_bytes(sealed.kind, sealed.body)
        key.verify(sealed.signature, what, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, *_UNREADABLE):
        raise altered("its signature does not fit") from None


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key signed the certificate, in the issuer's name."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def refuse_other_city(certificate: x509.Certificate, root: x509.Certificate) -> None:
    """Returns if it says that `root` issued it; raises OtherCity."""
    if _key_id_of_issuer(certificate) != _key_id(root):
        raise OtherCity(
            f"another authority signed it, not the one of {city_of(root)}",
            hint="ask this city's office for its own",
        )


def signed_within_life(signer: x509.Certificate, at: datetime) -> bool:
    """Whether its signer's certificate was valid then."""
    return signer.not_valid_before_utc <= at <= signer.not_valid_after_utc


def altered(why: str) -> Altered:
    """The document is not what the authority signed."""
    return Altered(
        f"the document was changed or damaged: {why}", hint="copy it again from the office"
    )


def city_of(certificate: x509.Certificate) -> str:
    """The city that a certificate belongs to; empty if it names none that can be read."""
    try:
        names = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except _UNREADABLE:
        return ""
    return str(names[0].value) if names else ""


def pin_of(certificate: x509.Certificate) -> str:
    """The SHA-256 of a certificate, in hexadecimal."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def _signed_bytes(kind: str, body: bytes) -> bytes:
    return f"nadi {kind}\n".encode() + body


def _public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey | None:
    try:
        key = certificate.public_key()
    except _UNREADABLE:
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) else None


def _key_id_of_issuer(certificate: x509.Certificate) -> bytes | None:
    extension = extension_of(certificate, x509.AuthorityKeyIdentifier)
    return extension.key_identifier if extension else None


def _key_id(certificate: x509.Certificate) -> bytes:
    extension = extension_of(certificate, x509.SubjectKeyIdentifier)
    return extension.digest if extension else b""


def _is_authority(certificate: x509.Certificate) -> bool:
    extension = extension_of(certificate, x509.BasicConstraints)
    return extension is not None and extension.ca


def extension_of(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    """What the certificate says of this kind, if it can be read."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except _UNREADABLE:
        return None
