"""What the settings say of every device, whatever line it hangs on."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from contract.document import Section
from contract.identity import AssetField, Kind


def _an_asset(kind: Kind) -> Kind:
    if kind is Kind.GATEWAY:
        raise ValueError("no device is a gateway; the gateway speaks for itself")
    return kind


AssetKind = Annotated[Kind, Field(strict=False), AfterValidator(_an_asset)]
NetworkPort = Annotated[int, Field(ge=1, le=65535)]
WholePath = Annotated[str, StringConstraints(pattern=r"^/")]


class Device(Section):
    """What every device has: the asset it speaks for, and when it counts as unreachable."""

    driver: str
    asset: AssetField
    kind: AssetKind
    unreachable_after: Annotated[int, Field(ge=1, le=100)] = 3
