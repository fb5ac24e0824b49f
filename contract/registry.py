"""The city's list of gateways and assets, as the office signs it and the bridge takes it."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AwareDatetime, Field, model_validator

from contract.codec import decode_model, encode_model
from contract.errors import OtherCity
from contract.identity import City, CityField, GatewayId
from contract.inventory import AssetEntry, GatewayEntry
from contract.messages import Message, Revision
from contract.signed import altered, parse, seal, signed_within_life, verified

KIND: Final = "registry"
VERSION: Final = 1
MAX_GATEWAYS: Final = 10_000
MAX_ASSETS: Final = 200_000


class Registry(Message):
    """What the city knows of; whatever is not listed is stored and marked, never refused.

    `retired` ones are gone for good: central systems hear of them no longer.
    """

    v: Literal[1] = VERSION
    city: CityField
    number: Revision  # grows with every publication
    published_at: AwareDatetime
    gateways: Annotated[list[GatewayEntry], Field(max_length=MAX_GATEWAYS)] = []
    assets: Annotated[list[AssetEntry], Field(max_length=MAX_ASSETS)] = []
    retired_gateways: Annotated[list[GatewayEntry], Field(max_length=MAX_GATEWAYS)] = []
    retired_assets: Annotated[list[AssetEntry], Field(max_length=MAX_ASSETS)] = []

    @model_validator(mode="after")
    def _is_listed_once(self) -> Self:
        gateways = [entry.id for entry in (*self.gateways, *self.retired_gateways)]
        _refuse_twice("gateway", gateways)
        listed = (*self.assets, *self.retired_assets)
        _refuse_twice("asset", (f"{entry.kind}/{entry.id}" for entry in listed))
        return self

    @model_validator(mode="after")
    def _gateways_of_assets_are_listed(self) -> Self:
        known: set[GatewayId | None] = {None, *(entry.id for entry in self.gateways)}
        for entry in self.assets:
            if entry.gateway not in known:
                raise ValueError(f"asset {entry.id} is on gateway {entry.gateway}, not listed")
        return self


def sign_registry(
    registry: Registry, *, signer: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> bytes:
    """The registry as it is carried to the bridge."""
    return seal(KIND, encode_model(registry), signer=signer, key=key)


def read_registry(data: bytes, *, city: City, root: x509.Certificate) -> Registry:
    """What the city's authority signed; raises SignedError, UnknownVersion or BadMessage."""
    sealed = parse(KIND, data)
    return understood(verified(sealed, root=root), city=city, signer=sealed.signer)


def understood(body: bytes, *, city: City, signer: x509.Certificate) -> Registry:
    """What the body says that `signer` signed; raises OtherCity, Altered or what a body may be."""
    registry = decode_model(Registry, body)
    if registry.city != city:
        raise OtherCity(
            f"the registry is of {registry.city}, this is {city}",
            hint=f"publish the registry of {city}",
        )
    if not signed_within_life(signer, registry.published_at):
        raise altered("it was published outside the life of its signer's certificate")
    return registry


def _refuse_twice(what: str, items: Iterable[str]) -> None:
    twice = [item for item, count in Counter(items).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]} is listed twice")
