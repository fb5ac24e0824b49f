"""Modbus devices as a district file describes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from firmware_sim.key import SILENT, DeviceSettings, key

LAMP_FAULTS = {
    "lamp_failed": "the lamp is dead: its driver draws next to nothing",
    "burns_by_day": "it burns whatever the sky and its pillar say",
    "cycling": "it goes out and comes on again, every cycle_s",
    "low_power_factor": "its power factor is 0.55: the capacitor is dying",
    "supply_loss": "the mains are gone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSettings(DeviceSettings):
    """One address on a Modbus line."""

    address: int = field(metadata=key("Modbus address", 1, 247))
    turnaround_ms: float = field(
        default=20.0, metadata=key("time from question to first byte", 0, 1000)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LampSettings(UnitSettings):
    """One streetlight and what measures it."""

    FAULTS: ClassVar[Mapping[str, str]] = SILENT | LAMP_FAULTS

    rated_w: float = field(default=90.0, metadata=key("the lamp's power when lit", 1, 20_000))
    power_factor: float = field(default=0.95, metadata=key("the lamp's power factor", 0.1, 1))
    cycle_s: float = field(default=240.0, metadata=key("how long a cycling lamp stays", 1, 3_600))


@dataclass(frozen=True, slots=True, kw_only=True)
class LampMeterSettings(LampSettings):
    """A PZEM-004T v3 or PZEM-016 energy meter on one streetlight; without mains it is silent."""

    DEVICE: ClassVar[str] = "pzem004t"
    MUTED_BY: ClassVar[tuple[str, ...]] = ("silent", "supply_loss")

    alarm_w: int = field(default=2300, metadata=key("over-power alarm threshold", 0, 25_000))
