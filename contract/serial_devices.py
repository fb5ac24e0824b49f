"""Devices on a serial line, as the settings describe them."""

from typing import Annotated, Literal

from pydantic import Field

from contract.devices import AssetKind, Device, WholePath
from contract.identity import Kind


class Pzem004t(Device):
    """A PZEM-004T v3 or PZEM-016 energy meter on Modbus RTU."""

    driver: Literal["pzem004t"] = "pzem004t"
    kind: AssetKind = Kind.STREETLIGHT
    address: Annotated[int, Field(ge=1, le=0xF7)]
    timeout_ms: Annotated[int, Field(ge=50, le=10_000)] = 300


class ModbusMap(Device):
    """Any Modbus RTU device by a register map; `base` is added to each of the map's addresses."""

    driver: Literal["modbus_map"] = "modbus_map"
    kind: AssetKind
    map: WholePath
    address: Annotated[int, Field(ge=1, le=0xF7)]
    base: Annotated[int, Field(ge=0, le=0xFFFF)] = 0
    timeout_ms: Annotated[int, Field(ge=50, le=10_000)] = 500

    @property
    def controller(self) -> str:
        """A DALI gateway answers for all its gears at one address."""
        return f"address {self.address}"


class A02yyuw(Device):
    """An A02YYUW or JSN-SR04T ultrasonic sensor that speaks by itself."""

    driver: Literal["a02yyuw"] = "a02yyuw"
    kind: AssetKind = Kind.WASTE_BIN
    timeout_ms: Annotated[int, Field(ge=50, le=10_000)] = 1_000


class Maxbotix(Device):
    """A MaxBotix HRXL-WR ultrasonic sensor that speaks by itself.

    At `near_mm` and `far_mm`, the ends of its range, it may see nothing at all.
    """

    driver: Literal["maxbotix"] = "maxbotix"
    kind: AssetKind = Kind.WASTE_BIN
    near_mm: Annotated[int, Field(ge=0, le=10_000)] = 300
    far_mm: Annotated[int, Field(ge=1, le=10_000)] = 5_000
    timeout_ms: Annotated[int, Field(ge=50, le=10_000)] = 3_000


SerialDevice = Annotated[Pzem004t | ModbusMap | A02yyuw | Maxbotix, Field(discriminator="driver")]
SPEAKING = (A02yyuw, Maxbotix)  # they send unasked, so each is alone on its line
