"""The city's list of gateways and assets, as the bridge marks what it stores with it."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from contract.document import Section, load_document
from contract.errors import SettingsError
from contract.identity import AssetField, GatewayField, GatewayId, Kind

Title = Annotated[str, StringConstraints(max_length=200)]
# Ministry of Home Affairs code: province, regency or city, district, kelurahan.
Kelurahan = Annotated[
    str, StringConstraints(pattern=r"^$|^[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}$")
]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class RegisteredGateway(Section):
    """A gateway the city has put up."""

    id: GatewayField
    name: Title = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    kelurahan: Kelurahan = ""


class RegisteredAsset(Section):
    """Something the city owns; `id` is its inventory number."""

    kind: Annotated[Kind, Field(strict=False)]
    id: AssetField
    name: Title = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    kelurahan: Kelurahan = ""


class Registry(Section):
    """What the city knows of; whatever is not listed is stored and marked, never refused."""

    gateway: list[RegisteredGateway] = []
    asset: list[RegisteredAsset] = []

    @model_validator(mode="after")
    def _is_listed_once(self) -> Self:
        _refuse_twice("gateway", [gateway.id for gateway in self.gateway])
        _refuse_twice("asset", [f"{asset.kind}/{asset.id}" for asset in self.asset])
        return self

    def gateways(self) -> frozenset[GatewayId]:
        """The ids of registered gateways."""
        return frozenset(gateway.id for gateway in self.gateway)


def load_registry(path: str) -> Registry:
    """The registry in a TOML file; an empty path is an empty registry. Raises SettingsError."""
    if not path:
        return Registry()
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: the registry cannot be read: {error}",
            hint="correct registry_file, or leave it out",
        ) from error
    return load_document(Registry, text, name=path)


def _refuse_twice(what: str, items: list[str] | list[GatewayId]) -> None:
    twice = [item for item, count in Counter(items).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]} is listed twice")
