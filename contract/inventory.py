"""What the city owns and where it is, as inventory, bundle and registry write it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contract.identity import AssetField, GatewayField, Kind
from contract.messages import Message

NO_KELURAHAN = ""
# Ministry of Home Affairs code: province, regency or city, district, kelurahan.
KELURAHAN_PATTERN = r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}$"

Title = Annotated[str, StringConstraints(max_length=200)]
Kelurahan = Annotated[str, StringConstraints(pattern=rf"^$|{KELURAHAN_PATTERN}")]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class Placed(Message):
    """Whatever stands somewhere in the city; degrees are WGS 84."""

    name: Title = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    kelurahan: Kelurahan = NO_KELURAHAN


class GatewayEntry(Placed):
    """A gateway the city puts up."""

    id: GatewayField


class AssetEntry(Placed):
    """Something the city owns; `id` is its inventory number, `gateway` is who is to read it."""

    kind: Kind
    id: AssetField
    gateway: GatewayField | None = None
