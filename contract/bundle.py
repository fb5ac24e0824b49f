"""An enrolment bundle: all that one gateway must know to join its city, and nothing secret.

It holds no key and no token. It is good for one gateway, once, until it expires; a gateway whose
clock is behind the day of issue goes on, warned, and is asked again when it is online.
"""

import json
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from contract.codec import decode_model
from contract.errors import Expired, OtherCity, OtherGateway, Reused
from contract.identity import CityField, GatewayField, GatewayId
from contract.inventory import AssetEntry, Placed
from contract.messages import Message, Sha256
from contract.signed import (
    altered,
    certificate_of,
    city_of,
    parse,
    pin_of,
    seal,
    signed_within_life,
    verified,
)

KIND: Final = "enrolment bundle"
VERSION: Final = 1
MAX_ASSETS: Final = 10_000

Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Endpoint(Message):
    """Where something listens."""

    host: Host
    port: Annotated[int, Field(ge=1, le=65_535)]


class Bundle(Placed):
    """What the office says to one gateway."""

    v: Literal[1] = VERSION
    city: CityField
    gateway: GatewayField
    nonce: Nonce
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    root: Annotated[str, StringConstraints(max_length=16_384)]  # the city's trust anchor, in PEM
    pin: Sha256  # of the root
    brokers: Annotated[list[Endpoint], Field(min_length=1, max_length=16)]
    enrolment: Annotated[list[Endpoint], Field(max_length=16)] = []  # for a one-time token, online
    assets: Annotated[list[AssetEntry], Field(max_length=MAX_ASSETS)] = []

    @model_validator(mode="after")
    def _expires_after_it_was_issued(self) -> Self:
        if self.expires_at <= self.issued_at:
            raise ValueError("it expires before it was issued")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A bundle that may be used; with a clock that is behind, expiry must be asked again."""

    bundle: Bundle
    clock_behind: bool


def sign_bundle(
    bundle: Bundle, *, signer: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> bytes:
    """The bundle as it is copied to a stick."""
    body = bundle.model_dump_json(indent=1).encode()
    return seal(KIND, body, signer=signer, key=key)


def read_bundle(data: bytes, *, root: x509.Certificate | None = None) -> Bundle:
    """What the authority signed; raises Altered, OtherCity, UnknownVersion or BadMessage.

    Without `root` only the bundle's own says who signs for the city: let a person compare it.
    """
    sealed = parse(KIND, data)
    anchor = root or _own_root(sealed.body)
    try:
        body = verified(sealed, root=anchor)
    except OtherCity:
        if root is None:
            raise altered("another authority signed it than the one in it") from None
        raise
    return understood(body, root=anchor, signer=sealed.signer)


def understood(body: bytes, *, root: x509.Certificate, signer: x509.Certificate) -> Bundle:
    """What the body says that `signer` of `root`'s city signed; raises as `read_bundle` does."""
    bundle = decode_model(Bundle, body)
    own = _own_root(body)
    if pin_of(own) != bundle.pin or pin_of(root) != bundle.pin or bundle.city != city_of(own):
        raise altered("it does not fit its own certificate")
    if not signed_within_life(signer, bundle.issued_at):
        raise altered("it was issued outside the life of its signer's certificate")
    return bundle


def _own_root(body: bytes) -> x509.Certificate:
    try:
        text = json.loads(body)["root"].encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise altered("it holds no certificate of a city") from None
    return certificate_of(text)


def open_bundle(
    data: bytes,
    *,
    gateway: GatewayId,
    now: datetime,
    used: Container[str],
    root: x509.Certificate | None = None,
) -> Opened:
    """The bundle, if `gateway` may use it now; `used` holds nonces that served already.

    Raises what `read_bundle` raises, and OtherGateway, Expired or Reused.
    """
    bundle = read_bundle(data, root=root)
    if bundle.gateway != gateway:
        raise OtherGateway(
            f"the bundle is for {bundle.gateway}, this is {gateway}",
            theirs=bundle.gateway,
            hint=f"take the bundle of {gateway}",
        )
    if now > bundle.expires_at:
        raise Expired(
            f"the bundle expired on {bundle.expires_at:%Y-%m-%d}",
            hint="have the office prepare a new one",
        )
    if bundle.nonce in used:
        raise Reused("the bundle has served already", hint="have the office prepare a new one")
    return Opened(bundle=bundle, clock_behind=now < bundle.issued_at)
