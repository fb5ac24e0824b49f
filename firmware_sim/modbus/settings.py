"""Modbus units as a district file describes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from firmware_sim.errors import SettingsError
from firmware_sim.key import SILENT, DeviceSettings, check_once, key, tables
from firmware_sim.world.bin import BIN_FAULTS

LAMP_FAULTS = {
    "lamp_failed": "the lamp is dead: its driver draws next to nothing",
    "burns_by_day": "it burns whatever the sky and its pillar say",
    "cycling": "it goes out and comes on again, every cycle_s",
    "low_power_factor": "its power factor is 0.55: the capacitor is dying",
    "supply_loss": "the mains are gone",
}
FEEDER_FAULTS = LAMP_FAULTS | {
    "lamps_out": "as many of its lamps as `out` says are dead",
    "cable_stolen": "its cable is cut behind the first lamps: the current falls at once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSettings(DeviceSettings):
    """One address on a Modbus line."""

    address: int = field(metadata=key("Modbus address", 1, 247))
    turnaround_ms: float = field(
        default=20.0, metadata=key("time from question to first byte", 0, 1000)
    )

    def by_map(self, path: str, kind: str) -> dict[str, object]:
        """An agent's device that is read by a register map."""
        named = {"driver": "modbus_map", "asset": self.asset, "kind": kind}
        return named | {"map": path, "address": self.address}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSettings(UnitSettings):
    """What measures one streetlight, or the lamps of a feeder."""

    FAULTS: ClassVar[dict[str, str]] = SILENT | LAMP_FAULTS

    rated_w: float = field(default=90.0, metadata=key("the lamp's power when lit", 1, 20_000))
    power_factor: float = field(default=0.95, metadata=key("the lamp's power factor", 0.1, 1))
    cycle_s: float = field(default=240.0, metadata=key("how long a cycling lamp stays", 1, 3_600))
    fed_by: str = field(default="", metadata=key("the pillar whose contactor feeds it, or none"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LampMeterSettings(MeterSettings):
    """A PZEM-004T v3 or PZEM-016 energy meter on one streetlight; without mains it is silent."""

    DEVICE: ClassVar[str] = "pzem004t"

    alarm_w: int = field(default=2300, metadata=key("over-power alarm threshold", 0, 25_000))

    def muted_by(self) -> tuple[str, ...]:
        """It lives on the mains that it measures."""
        return ("silent", "supply_loss")

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By the driver made for it."""
        yield {"driver": "pzem004t", "asset": self.asset, "address": self.address}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdm120Settings(MeterSettings):
    """An Eastron SDM120 on one streetlight, or on a feeder of one phase with several `lamps`."""

    DEVICE: ClassVar[str] = "sdm120"
    FAULTS: ClassVar[dict[str, str]] = SILENT | FEEDER_FAULTS

    lamps: int = field(default=1, metadata=key("lamps of rated_w each behind it", 1, 1_000))
    out: int = field(default=2, metadata=key("lamps dead while lamps_out", 1, 1_000))
    own_supply: bool = field(
        default=True, metadata=key("it lives without the mains it measures, and reads 0 V then")
    )

    def muted_by(self) -> tuple[str, ...]:
        """Without a supply of its own it lives on the mains that it measures."""
        return ("silent",) if self.own_supply else ("silent", "supply_loss")

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By its register map."""
        yield self.by_map(f"eastron-{self.DEVICE}.toml", "streetlight")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdm630Settings(Sdm120Settings):
    """An Eastron SDM630 on a feeder of three phases, its `lamps` dealt out over them."""

    DEVICE: ClassVar[str] = "sdm630"
    FAULTS: ClassVar[dict[str, str]] = Sdm120Settings.FAULTS | {
        "phase_lost": "the first phase has no voltage"
    }

    lamps: int = field(default=24, metadata=key("lamps of rated_w each behind it", 1, 1_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class DaliLampSettings(DeviceSettings):
    """One lamp behind an Intesis gateway; its registers begin at 7000 * channel + 100 * short."""

    DEVICE: ClassVar[str] = "dali_lamp"
    FAULTS: ClassVar[dict[str, str]] = {
        "lamp_failed": "its control gear reports a failed lamp",
        "gear_failed": "its control gear reports itself failed",
        "gear_gone": "its control gear does not answer: the gateway refuses its registers",
        "burns_by_day": "it burns whatever the sky and its pillar say",
    }

    channel: int = field(default=0, metadata=key("DALI channel of the gateway", 0, 3))
    short_address: int = field(metadata=key("DALI short address", 0, 63))
    level: int = field(default=80, metadata=key("light level when lit, per cent", 1, 100))
    fed_by: str = field(default="", metadata=key("the pillar whose contactor feeds it, or none"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DaliGatewaySettings(UnitSettings):
    """An HMS Intesis DALI-2 to Modbus gateway (INMBSDAL, IN703) with its lamps."""

    DEVICE: ClassVar[str] = "intesis_dali"

    lamps: tuple[DaliLampSettings, ...] = field(
        metadata=tables("lamp", DaliLampSettings, within="line.device.")
    )

    def __post_init__(self) -> None:
        DeviceSettings.__post_init__(self)
        if not self.lamps:
            raise SettingsError(
                f"{self.asset} has no lamp", hint="add a [[line.device.lamp]] with short_address"
            )
        check_once(
            (f"{lamp.channel}/{lamp.short_address}" for lamp in self.lamps),
            f"{self.asset}: channel/short_address",
        )

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """Each of its lamps, by the same map from another base."""
        for lamp in self.lamps:
            base = 7_000 * lamp.channel + 100 * lamp.short_address
            mapped = self.by_map("intesis-dali.toml", "streetlight")
            yield {**mapped, "asset": lamp.asset, "base": base}


@dataclass(frozen=True, slots=True, kw_only=True)
class RangefinderSettings(UnitSettings):
    """A sensor on a Modbus line that looks into a waste bin."""

    FAULTS: ClassVar[dict[str, str]] = SILENT | BIN_FAULTS

    depth_mm: int = field(
        default=1200, metadata=key("distance to the empty bin's floor", 100, 4500)
    )
    fill_per_h: float = field(default=0.05, metadata=key("how fast it fills, 1 = full", 0, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Urm13Settings(RangefinderSettings):
    """A DFRobot URM13 or URM14 ultrasonic sensor (SEN0310, SEN0352) with a thermometer."""

    DEVICE: ClassVar[str] = "urm13"
    FAULTS: ClassVar[dict[str, str]] = RangefinderSettings.FAULTS | {
        "burning": "there is a fire in the bin: 85 degrees Celsius"
    }

    step_mm: float = field(
        default=10.0, metadata=key("what one step of its distance is: a URM14's is 0.1", 0.1, 10)
    )

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By the map of the SEN0310, whose step is 10 mm."""
        yield self.by_map("dfrobot-sen0310.toml", "waste_bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sen0492Settings(RangefinderSettings):
    """A DFRobot SEN0492 laser sensor; its maker gave it the address 0x50."""

    DEVICE: ClassVar[str] = "sen0492"

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By its register map."""
        yield self.by_map("dfrobot-sen0492.toml", "waste_bin")


UNITS = (
    LampMeterSettings,
    Sdm120Settings,
    Sdm630Settings,
    DaliGatewaySettings,
    Urm13Settings,
    Sen0492Settings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusTcpSettings:
    """A TCP port behind which Modbus units answer, by their unit address."""

    DEVICE: ClassVar[str] = "modbus_tcp"

    name: str = field(metadata=key("its name in the ready message"))
    host: str = field(default="127.0.0.1", metadata=key("address to listen on"))
    port: int = field(default=0, metadata=key("TCP port, 0 = any free one", 0, 65_535))
    devices: tuple[UnitSettings, ...] = field(
        metadata=tables("device", *UNITS, within="modbus_tcp.")
    )

    def __post_init__(self) -> None:
        if not self.devices:
            raise SettingsError(f"{self.name} has no device", hint="add a [[modbus_tcp.device]]")
        check_once((unit.address for unit in self.devices), f"{self.name}: address")
