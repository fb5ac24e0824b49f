"""A gateway asks the enrolment endpoint for its certificates, and believes only its own city."""

import base64
import http.client
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from contract.bundle import Bundle, Endpoint
from contract.reasons import of_system
from contract.signed import certificate_of
from provisioning.certificates import name_of, pem
from provisioning.enrolment.endpoint import CERTIFICATES, ENROL, PKCS10, RENEW, SUPERSEDE
from provisioning.enrolment.token import Token
from provisioning.errors import Trouble
from provisioning.joining.signing import request_of
from provisioning.language import mark

TIMEOUT_S = 15.0
MAX_ANSWER = 1 << 16
# OpenSSL's numbers: not yet valid, expired; and who made it, or whose it is.
DATED = (9, 10)
FOREIGN, MISNAMED = (2, 18, 19, 20, 21), 62
TOLD = ("E-TOKEN-02", "E-TOKEN-03", "E-TOKEN-04", "E-TOKEN-05", "E-RENEW-01", "E-RENEW-02")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a gateway that has a certificate shows."""

    certificate_file: Path
    key_file: Path


def enrol(bundle: Bundle, token: Token, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The first certificate and what stands behind it."""
    basic = base64.b64encode(f"{bundle.gateway}:{token.secret}".encode()).decode()
    return _certified(bundle, key, ENROL, {"Authorization": f"Basic {basic}"}, None)


def renew(bundle: Bundle, shown: Shown, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The next one."""
    return _certified(bundle, key, RENEW, {}, shown)


def supersede(bundle: Bundle, shown: Shown) -> None:
    """The city revokes what the shown certificate was made in place of; twice is harmless."""
    root = certificate_of(bundle.root.encode())
    endpoint, _certificates = _first_answer(bundle, root, shown)
    with _told(bundle, endpoint, shown):
        _exchange(endpoint, _context(root, shown), SUPERSEDE, body=b"\n", headers={})


def _certified(
    bundle: Bundle,
    key: ec.EllipticCurvePrivateKey,
    path: str,
    headers: dict[str, str],
    shown: Shown | None,
) -> bytes:
    root = certificate_of(bundle.root.encode())
    endpoint, answer = _first_answer(bundle, root, shown)
    issuing = _issuing(_certificates_in(answer, endpoint), root)
    request = request_of(key, city=bundle.city, gateway=bundle.gateway)
    body = base64.encodebytes(request.public_bytes(serialization.Encoding.DER))
    whole = {"Content-Type": PKCS10, **headers}
    with _told(bundle, endpoint, shown):
        answer = _exchange(endpoint, _context(root, shown), path, body=body, headers=whole)
    made = _certificates_in(answer, endpoint)
    own = next((one for one in made if one.public_key() == key.public_key()), None)
    if own is None or name_of(own) != bundle.gateway or not _is_from(own, issuing):
        raise Trouble("E-ENDPOINT-03", host=endpoint.host)
    return pem(own, issuing)


def _first_answer(
    bundle: Bundle, root: x509.Certificate, shown: Shown | None
) -> tuple[Endpoint, bytes]:
    """The endpoint that can be reached, and the city's certificates."""
    why = "-"
    for endpoint in bundle.enrolment:
        try:
            context = _context(root, shown)
            return endpoint, _exchange(endpoint, context, CERTIFICATES, headers={})
        except ssl.SSLError as error:
            raise _untrusted(error, bundle, endpoint, shown) from None
        except (OSError, http.client.HTTPException, _Refused) as error:
            if shown is not None and _is_open_to_others(endpoint, root):
                raise _unaccepted(bundle, endpoint, mark("it closes the connection.")) from None
            why = of_system(error) or type(error).__name__
    hosts = ", ".join(f"{one.host}:{one.port}" for one in bundle.enrolment) or "-"
    raise Trouble("E-ENDPOINT-01", hosts=hosts, why=why)


@contextmanager
def _told(bundle: Bundle, endpoint: Endpoint, shown: Shown | None) -> Iterator[None]:
    """Whatever goes wrong with an endpoint that answered before is a Trouble."""
    try:
        yield
    except _Refused as refused:
        raise _trouble(refused, bundle, endpoint) from None
    except ssl.SSLError as error:
        raise _untrusted(error, bundle, endpoint, shown) from None
    except (OSError, http.client.HTTPException) as error:
        raise Trouble("E-ENDPOINT-01", hosts=endpoint.host, why=of_system(error)) from None


def _untrusted(
    error: ssl.SSLError, bundle: Bundle, endpoint: Endpoint, shown: Shown | None
) -> Trouble:
    """One side does not believe the other; in TLS 1.3 the server says so in an alert."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in DATED:
            return Trouble("E-CLOCK-03", host=endpoint.host)
        why = error.verify_message
        if error.verify_code in FOREIGN:
            why = mark("another authority made its certificate.")
        elif error.verify_code == MISNAMED:
            why = mark("its certificate is for another host.")
        return Trouble("E-ENDPOINT-02", host=endpoint.host, why=why)
    reason = (error.reason or str(error)).rpartition("ALERT_")
    why = reason[2].replace("_", " ").lower()
    if shown is not None and reason[1]:
        return _unaccepted(bundle, endpoint, why)
    return Trouble("E-ENDPOINT-01", hosts=endpoint.host, why=why)


def _unaccepted(bundle: Bundle, endpoint: Endpoint, why: str) -> Trouble:
    return Trouble("E-RENEW-07", host=endpoint.host, gateway=bundle.gateway, why=why)


def _is_open_to_others(endpoint: Endpoint, root: x509.Certificate) -> bool:
    """Whether it answers whoever shows no certificate: not every server says what it refuses."""
    try:
        _exchange(endpoint, _context(root, None), CERTIFICATES, headers={})
    except (OSError, http.client.HTTPException, _Refused):
        return False
    return True


def _context(root: x509.Certificate, shown: Shown | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=pem(root).decode())
    if shown is not None:
        context.load_cert_chain(shown.certificate_file, shown.key_file)
    return context


def _exchange(
    endpoint: Endpoint,
    context: ssl.SSLContext,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str],
) -> bytes:
    connection = http.client.HTTPSConnection(
        endpoint.host, endpoint.port, timeout=TIMEOUT_S, context=context
    )
    try:
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        said = answer.read(MAX_ANSWER)
    finally:
        connection.close()
    if answer.status != 200:
        raise _Refused(answer.status, said)
    return said


def _certificates_in(answer: bytes, endpoint: Endpoint) -> list[x509.Certificate]:
    try:
        return pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer))
    except ValueError:
        raise Trouble("E-ENDPOINT-03", host=endpoint.host) from None


class _Refused(Exception):
    """An answer that is no certificate."""

    def __init__(self, status: int, said: bytes) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.code = said.decode("ascii", "replace").strip()


def _trouble(refused: _Refused, bundle: Bundle, endpoint: Endpoint) -> Trouble:
    if refused.code in TOLD:
        return Trouble(refused.code, gateway=bundle.gateway)
    return Trouble("E-ENDPOINT-04", host=endpoint.host, status=refused.status)


def _issuing(found: Sequence[x509.Certificate], root: x509.Certificate) -> x509.Certificate:
    """Who signs for the city every day, vouched for by the root that the bundle carries."""
    for one in found:
        if one != root and _is_from(one, root):
            return one
    raise Trouble("E-ENDPOINT-03", host="-")


def _is_from(made: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        made.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
