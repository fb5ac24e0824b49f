"""LoRaWAN bin sensors behind a local ChirpStack, as the settings describe them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from contract.devices import AssetKind, Device
from contract.identity import Kind

DevEui = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{16}$"), AfterValidator(str.lower)]


class LorawanDevice(Device):
    """A sensor that reports by itself; silent when three reports are missing."""

    kind: AssetKind = Kind.WASTE_BIN
    dev_eui: DevEui
    report_interval_s: Annotated[float, Field(ge=10, le=604_800)] = 1_200

    @property
    def reports_every_s(self) -> float:
        """As it is set up."""
        return self.report_interval_s


class Em310Udl(LorawanDevice):
    """A Milesight EM310-UDL ultrasonic sensor."""

    driver: Literal["em310_udl"] = "em310_udl"


class Em400(LorawanDevice):
    """A Milesight EM400-UDL or EM400-MUD ultrasonic sensor with a thermometer."""

    driver: Literal["em400"] = "em400"


class DraginoLdds(LorawanDevice):
    """A Dragino LDDS75, LDDS20, DDS75-LB, DDS20-LB or DDS45-LB ultrasonic sensor.

    `ds18b20` says that its thermometer is plugged in; `invalid_mm` are distances that its firmware
    sends for seeing nothing.
    """

    driver: Literal["dragino_ldds"] = "dragino_ldds"
    ds18b20: bool = False
    invalid_mm: Annotated[list[int], Field(max_length=16)] = []


LorawanSensor = Annotated[Em310Udl | Em400 | DraginoLdds, Field(discriminator="driver")]
