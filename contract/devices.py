"""What the settings say of every device, whatever line it hangs on."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from contract.document import Section
from contract.identity import AssetField, Kind
from contract.limits import AccessPointLimits, Bin, Cabinet, CameraLimits, Feeder, Lamp
from contract.wording import _


def _an_asset(kind: Kind) -> Kind:
    if kind is Kind.GATEWAY:
        raise ValueError(_("no device is a gateway; the gateway speaks for itself"))
    return kind


AssetKind = Annotated[Kind, Field(strict=False), AfterValidator(_an_asset)]
NetworkPort = Annotated[int, Field(ge=1, le=65535)]
WholePath = Annotated[str, StringConstraints(pattern=r"^/")]


class Device(Section):
    """What every device has: the asset it speaks for, what feeds it, and when it is at fault."""

    driver: str
    asset: AssetField
    kind: AssetKind
    unreachable_after: Annotated[int, Field(ge=1, le=100)] = 3
    fed_by: AssetField | None = None  # the cabinet or switch whose fault explains this one's
    switched: bool = False  # by the contactor of what feeds it: while that is open it may be dead
    lamp: Lamp | None = None
    feeder: Feeder | None = None
    cabinet: Cabinet | None = None
    bin: Bin | None = None
    camera: CameraLimits | None = None
    access_point: AccessPointLimits | None = None

    @property
    def reports_every_s(self) -> float:
        """How long it may say nothing though it works; 0 if it is asked."""
        return 0.0

    @property
    def controller(self) -> str:
        """On its line, whatever answers for it and may answer for others too; often nothing."""
        return ""

    @model_validator(mode="after")
    def _limits_suit_the_kind(self) -> Self:
        for name, kinds in LIMITS.items():
            if getattr(self, name) is not None and self.kind not in kinds:
                raise ValueError(
                    _("{name} is for {kinds}, this is a {kind}").format(
                        name=name, kinds=", ".join(kinds), kind=self.kind
                    )
                )
        if self.fed_by == self.asset:
            raise ValueError(_("nothing feeds itself; leave fed_by out"))
        if self.switched and self.fed_by is None:
            raise ValueError(_("switched needs fed_by, the cabinet whose contactor switches it"))
        return self


LIMITS = {
    "lamp": (Kind.STREETLIGHT,),
    "feeder": (Kind.STREETLIGHT, Kind.CABINET),
    "cabinet": (Kind.CABINET,),
    "bin": (Kind.WASTE_BIN,),
    "camera": (Kind.CAMERA,),
    "access_point": (Kind.ACCESS_POINT,),
}
