"""Names that mean the same thing on every side."""

from enum import StrEnum
from typing import Annotated, NewType

from pydantic import StringConstraints

City = NewType("City", str)
GatewayId = NewType("GatewayId", str)
AssetId = NewType("AssetId", str)
Epoch = NewType("Epoch", str)
BootId = NewType("BootId", str)

ID_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
HEX_PATTERN = r"^[0-9a-f]{16}$"

CityField = Annotated[City, StringConstraints(pattern=ID_PATTERN)]
GatewayField = Annotated[GatewayId, StringConstraints(pattern=ID_PATTERN)]
AssetField = Annotated[AssetId, StringConstraints(pattern=ID_PATTERN)]
EpochField = Annotated[Epoch, StringConstraints(pattern=HEX_PATTERN)]
BootField = Annotated[BootId, StringConstraints(pattern=HEX_PATTERN)]


class Kind(StrEnum):
    """What an asset is; the second level of its feed topic."""

    STREETLIGHT = "streetlight"
    WASTE_BIN = "waste_bin"
    CAMERA = "camera"
    ACCESS_POINT = "access_point"
    CABINET = "cabinet"  # a feeder pillar: what switches and feeds a group of streetlights
    SWITCH = "switch"  # what connects and powers cameras and access points
    GATEWAY = "gateway"


class Lane(StrEnum):
    """The order of sending: events, then live readings, then backlog."""

    EVENT = "event"
    LIVE = "live"
    BACKLOG = "backlog"
