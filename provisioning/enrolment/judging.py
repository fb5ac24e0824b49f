"""A request that asks for anything but the gateway's own plain name is refused.

Of a request only the public key enters a certificate; whoever names more than that is refused
all the same, so that nobody believes to have been given it.
"""

import base64
import binascii

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.certificates import CURVE, Role, subject

MAX_REQUEST = 4096  # bytes of DER


class Refused(Exception):
    """An answer other than a certificate: the HTTP status, our code, and a word for the log."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        self.why = why


def public_key_of(body: bytes, *, city: str, gateway: str) -> ec.EllipticCurvePublicKey:
    """The key to certify, of a request in base64; raises Refused."""
    request = _request(body)
    try:
        odd = _oddity(request, subject(city, Role.GATEWAY, gateway))
        key = request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused(400, "E-REQUEST-01", "unreadable") from None
    if odd:
        raise Refused(400, "E-REQUEST-01", odd)
    assert isinstance(key, ec.EllipticCurvePublicKey), "_oddity looked at it"
    return key


def _request(body: bytes) -> x509.CertificateSigningRequest:
    try:
        data = base64.b64decode(b"".join(body.split()), validate=True)
        if len(data) > MAX_REQUEST:
            raise Refused(413, "E-REQUEST-01", "too long")
        return x509.load_der_x509_csr(data)
    except (binascii.Error, ValueError):
        raise Refused(400, "E-REQUEST-01", "unreadable") from None


def _oddity(request: x509.CertificateSigningRequest, wanted: x509.Name) -> str:
    """What is wrong with it; empty if nothing is."""
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != CURVE.name:
        return "not a P-256 key"
    if not request.is_signature_valid:
        return "signature"
    if request.subject.public_bytes() != wanted.public_bytes():
        return "subject"
    if len(request.extensions) or len(request.attributes):
        return "asks for more than its name"
    return ""
