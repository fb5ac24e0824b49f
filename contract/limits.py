"""What each kind of asset is measured against before a gateway wakes someone; with defaults."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contract.document import Section
from contract.wording import _

Share = Annotated[float, Field(ge=0, le=1)]
Watts = Annotated[float, Field(gt=0, le=1e6)]
Millimetres = Annotated[float, Field(gt=0, le=20_000)]
HoldS = Annotated[float, Field(ge=0, le=86_400)]


class Lamp(Section):
    """One streetlight that a meter or a DALI gateway sees alone.

    `gear` is "dali" if it is a control gear behind a DALI-to-Modbus gateway.
    """

    rated_w: Watts
    gear: Literal["plain", "dali"] = "plain"
    failure_below: Share = 0.2  # of what it should draw
    failure_after_s: HoldS = 600  # longer than a cycling lamp stays dark
    burning_above: Share = 0.1
    unexpected_on_after_s: HoldS = 900
    cycles: Annotated[int, Field(ge=2, le=100)] = 4  # on and off are two
    cycling_window_s: Annotated[float, Field(ge=60, le=86_400)] = 1_800
    power_factor_min: Share = 0.85
    power_factor_after_s: HoldS = 600
    supply_loss_below_v: Annotated[float, Field(gt=0, le=400)] = 100
    supply_loss_after_s: HoldS = 20


class Feeder(Section):
    """All the lamps that one meter of one or three phases sees together."""

    lamps: Annotated[int, Field(ge=1, le=1_000)]
    lamp_w: Watts  # of one lamp
    load: Literal["led", "discharge"] = "led"  # a discharge lamp's power follows the voltage
    lamps_out_after_s: HoldS = 600
    open_circuit_drop: Share = 0.5  # of the current, from one read to the next
    open_circuit_after_s: HoldS = 20
    unexpected_on_after_s: HoldS = 900
    power_factor_min: Share = 0.85
    power_factor_after_s: HoldS = 600
    supply_loss_below_v: Annotated[float, Field(gt=0, le=400)] = 100
    supply_loss_after_s: HoldS = 20


class Cabinet(Section):
    """A feeder pillar's contactor and door."""

    contactor_after_s: HoldS = 5
    door_after_s: HoldS = 0


class Bin(Section):
    """A bin's geometry as measured at its installation, and when it is full."""

    empty_mm: Millimetres
    full_mm: Millimetres
    full_above: Share = 0.8
    full_until: Share = 0.7
    full_after_s: HoldS = 60
    collected_drop: Share = 0.3
    collected_below: Share = 0.15
    fire_above_c: Annotated[float, Field(ge=30, le=150)] = 60
    fire_rise_c: Annotated[float, Field(gt=0, le=100)] = 10  # within ten minutes
    tilted_after_s: HoldS = 0
    battery_below: Annotated[float, Field(ge=0, le=100)] = 20  # per cent
    battery_below_v: Annotated[float, Field(ge=0, le=20)] = 3.2

    @model_validator(mode="after")
    def _the_full_bin_is_nearer(self) -> Self:
        if self.full_mm >= self.empty_mm:
            raise ValueError(_("full_mm is the distance to a full bin, less than empty_mm"))
        if self.full_until >= self.full_above:
            raise ValueError(_("full_until must be less than full_above"))
        return self


class CameraLimits(Section):
    """When a camera that answers is still of no use."""

    stream_after_s: HoldS = 60
    clock_s: Annotated[float, Field(ge=1, le=86_400)] = 60
    clock_after_s: HoldS = 600
    dark_luma: Annotated[float, Field(ge=0, le=255)] = 6
    frozen_change: Annotated[float, Field(ge=0, le=255)] = 0.5
    covered_sharpness: Annotated[float, Field(ge=0, le=1e6)] = 3
    picture_after_s: HoldS = 1_200
    storage_after_s: HoldS = 1_200


class AccessPointLimits(Section):
    """When an access point that answers is still of little use."""

    expects: Literal["internet", "portal"] = "internet"
    slow_ms: Annotated[float, Field(gt=0, le=60_000)] = 1_000
    after_s: HoldS = 60


class Site(Section):
    """Where the gateway stands, for the sun; degrees, north and east positive."""

    latitude: Annotated[float, Field(ge=-66, le=66)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    twilight_min: Annotated[float, Field(ge=0, le=180)] = 45  # lamps may do as they like
