"""One live reading of one device, as the agent shows it to a person on a pole."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contract.identity import AssetField, Kind

MAX_TRAFFIC = 256


class Shown(BaseModel):
    """Frozen; what a newer agent adds is passed over."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, defer_build=True)


class LiveValue(Shown):
    """One value of one quantity in its UCUM unit; suspect if it is outside its plausible range."""

    quantity: str
    value: float
    unit: str
    suspect: bool


class Traffic(Shown):
    """Bytes that went over the line, in hexadecimal; `sent` by the gateway, else by the device."""

    sent: bool
    data: str


class About(Shown):
    """What a device says of itself that is no reading, such as its model, on one line."""

    name: str
    text: str


class LiveReading(Shown):
    """What a device said just now, or in `fault` why it said nothing that can be used."""

    asset: AssetField
    kind: Annotated[Kind, Field(strict=False)]
    line: str
    values: list[LiveValue] = []
    traffic: Annotated[list[Traffic], Field(max_length=MAX_TRAFFIC)] = []
    about: Annotated[list[About], Field(max_length=32)] = []
    fault: str = ""
