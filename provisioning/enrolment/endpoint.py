"""What the endpoint answers: the city's certificates, or one for the gateway that may have it.

A token is claimed and its certificate recorded in one transaction: nobody gets a second one, and
no certificate exists that the city could not revoke.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from provisioning import certificates
from provisioning.authority import record
from provisioning.authority.folder import Authority
from provisioning.authority.record import BY_ISSUING, Record, TokenState
from provisioning.certificates import Role, name_of, subject
from provisioning.enrolment.judging import Refused, public_key_of
from provisioning.enrolment.token import digest_of
from provisioning.names import NAME

ROOT_PATH = "/.well-known/est"
CERTIFICATES, ENROL, RENEW = (
    f"{ROOT_PATH}/{name}" for name in ("cacerts", "simpleenroll", "simplereenroll")
)
SUPERSEDE = "/.well-known/nadi/supersede"  # EST has nothing for it
PKCS7 = "application/pkcs7-mime; smime-type=certs-only"
PKCS10 = "application/pkcs10"
MAX_LIVING = 8  # certificates of one gateway at a time
_STATES = {
    TokenState.UNKNOWN: "E-TOKEN-02",
    TokenState.OTHER: "E-TOKEN-03",
    TokenState.EXPIRED: "E-TOKEN-04",
    TokenState.USED: "E-TOKEN-05",
}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `peer` is the certificate that TLS has verified, if the client showed one."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    address: str
    peer: x509.Certificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back."""

    status: int
    kind: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Endpoint:
    """One authority's; every answer is in the log, and no secret is."""

    def __init__(self, authority: Authority, *, now: Callable[[], datetime], say: Say) -> None:
        self._authority = authority
        self._now = now
        self._say = say

    def answer(self, request: Request) -> Answer:
        """Never raises for what a client did."""
        try:
            made = self._routed(request)
        except Refused as refused:
            self._say(
                f"refused path={request.path!r} code={refused.code} why={refused.why!r}"
                f" from={request.address}"
            )
            return _refusal(refused)
        return made

    def _routed(self, request: Request) -> Answer:
        routes = {
            CERTIFICATES: ("GET", self._certificates),
            ENROL: ("POST", self._enrol),
            RENEW: ("POST", self._renew),
            SUPERSEDE: ("POST", self._supersede),
        }
        if request.path not in routes:
            raise Refused(404, "E-REQUEST-02", "path")
        method, act = routes[request.path]
        if request.method != method:
            raise Refused(405, "E-REQUEST-02", "method")
        if request.path in (ENROL, RENEW) and request.headers.get("content-type") != PKCS10:
            raise Refused(415, "E-REQUEST-02", "content type")
        return act(request)

    def _certificates(self, _request: Request) -> Answer:
        return _pkcs7(self._authority.root, *self._authority.chain)

    def _enrol(self, request: Request) -> Answer:
        """For a gateway that has a token and no certificate yet."""
        gateway, secret = _credentials(request)
        key = public_key_of(request.body, city=self._authority.city, gateway=gateway)
        now, digest = self._now(), digest_of(secret)
        with record.opened(self._authority.record_file, write=True) as kept:
            if not kept.claim_token(digest, gateway=gateway, now=now):
                state = kept.token_state(digest, gateway=gateway)
                raise Refused(401, _STATES[state], f"token {state}")
            made = self._certify(kept, gateway, key, now)
        self._say_made("enrolled", made, request)
        return _pkcs7(made)

    def _renew(self, request: Request) -> Answer:
        """For a gateway that shows the certificate it has."""
        peer, gateway = self._shown(request)
        key = public_key_of(request.body, city=self._authority.city, gateway=gateway)
        now = self._now()
        with record.opened(self._authority.record_file, write=True) as kept:
            issuer = self._issuer_of(kept, peer, now)
            if sum(one.name == gateway for one in kept.living(now)) >= MAX_LIVING:
                raise Refused(429, "E-RENEW-02", "too many certificates")
            made = self._certify(kept, gateway, key, now)
            kept.add_renewal(made, of=peer, issuer=issuer)
        self._say_made("renewed", made, request)
        return _pkcs7(made)

    def _supersede(self, request: Request) -> Answer:
        """For a gateway that works with a renewed certificate: what it was renewed from is over.

        Only a certificate whose key was shown for the renewal can be ended so, and no other.
        """
        peer, gateway = self._shown(request)
        with record.opened(self._authority.record_file, write=True) as kept:
            now = self._now()  # under the lock: later than every list that was signed without it
            if self._issuer_of(kept, peer, now) == BY_ISSUING:
                ended = kept.supersede(peer.serial_number, at=now)
            else:
                ended = ()
        serials = ",".join(f"{one:x}" for one in ended) or "none"
        self._say(f"superseded gateway={gateway} serials={serials} from={request.address}")
        return Answer(status=200)

    def _shown(self, request: Request) -> tuple[x509.Certificate, str]:
        """The certificate of the gateway that asks, and its name."""
        if request.peer is None:
            raise Refused(401, "E-RENEW-01", "no certificate")
        return request.peer, _gateway_of(request.peer, self._authority.city)

    def _certify(
        self, kept: Record, gateway: str, key: ec.EllipticCurvePublicKey, now: datetime
    ) -> x509.Certificate:
        made = certificates.client(
            self._authority.issuing, key, role=Role.GATEWAY, name=gateway, now=now
        )
        kept.add(made, issuer=BY_ISSUING, role=Role.GATEWAY)
        return made

    def _issuer_of(self, kept: Record, peer: x509.Certificate, now: datetime) -> str:
        """Who made it, as the record names it; raises Refused if it is revoked."""
        issuer = str(peer.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        if peer.issuer == self._authority.issuing.certificate.subject:
            issuer = BY_ISSUING
        elif issuer not in {one.name for one in kept.delegations(now)}:
            raise Refused(403, "E-RENEW-01", "delegation has ended")
        if peer.serial_number in {one.serial for one in kept.revoked(issuer, now)}:
            raise Refused(403, "E-RENEW-01", "revoked")
        return issuer

    def _say_made(self, what: str, made: x509.Certificate, request: Request) -> None:
        name, serial = name_of(made), f"{made.serial_number:x}"
        self._say(f"{what} gateway={name} serial={serial} from={request.address}")


def _gateway_of(peer: x509.Certificate, city: str) -> str:
    """Whose certificate it is; raises Refused if it is not a gateway's."""
    names = peer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    gateway = str(names[0].value) if names else ""
    if peer.subject != subject(city, Role.GATEWAY, gateway or "-"):
        raise Refused(403, "E-RENEW-01", "not a gateway")
    return gateway


def _credentials(request: Request) -> tuple[str, str]:
    """Name and secret of HTTP Basic; raises Refused."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        name, colon, secret = base64.b64decode(value, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        raise Refused(401, "E-TOKEN-02", "no token") from None
    if scheme.lower() != "basic" or not colon or not NAME.fullmatch(name):
        raise Refused(401, "E-TOKEN-02", "no token")
    return name, secret


def _pkcs7(*made: x509.Certificate) -> Answer:
    data = pkcs7.serialize_certificates(list(made), serialization.Encoding.DER)
    return Answer(
        status=200,
        kind=PKCS7,
        body=base64.encodebytes(data),
        headers=(("Content-Transfer-Encoding", "base64"),),
    )


def _refusal(refused: Refused) -> Answer:
    headers = [("WWW-Authenticate", 'Basic realm="nadi"')] if refused.status == 401 else []
    if refused.status == 429:
        headers.append(("Retry-After", "3600"))
    return Answer(status=refused.status, body=f"{refused.code}\n".encode(), headers=tuple(headers))
