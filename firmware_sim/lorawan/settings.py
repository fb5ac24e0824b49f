"""LoRaWAN bin sensors and the broker their uplinks go to, as a district file describes them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from firmware_sim.errors import SettingsError
from firmware_sim.key import DeviceSettings, check_once, key, tables
from firmware_sim.serial.settings import BinSettings

DEV_EUI = re.compile(r"[0-9A-Fa-f]{16}\Z")
REPORT_FAULTS = {
    "battery_low": "its battery is nearly empty",
    "duplicate": "the network server publishes every uplink twice",
    "unknown_port": "it reports on a LoRaWAN port that nobody knows",
}
FIRE = {"burning": "there is a fire in the bin: 85 degrees Celsius"}
UNKNOWN_FIELD = {"unknown_field": "a newer firmware puts a field that nobody knows first"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReporterSettings(BinSettings):
    """A bin sensor that reports by LoRaWAN; the network checks its frames, so none is spoilt."""

    FAULTS: ClassVar[dict[str, str]] = BinSettings.FAULTS | REPORT_FAULTS

    dev_eui: str = field(metadata=key("its DevEUI, 16 hexadecimal digits"))
    interval_s: float = field(default=1200.0, metadata=key("time between reports", 0.1, 86_400))
    battery: int = field(default=92, metadata=key("its battery, per cent", 1, 100))

    def __post_init__(self) -> None:
        DeviceSettings.__post_init__(self)
        if not DEV_EUI.match(self.dev_eui):
            raise SettingsError(
                f"{self.asset}: dev_eui {self.dev_eui!r} is not 16 hexadecimal digits",
                hint='write it like dev_eui = "24e124713b123456"',
            )
        if self.faults.flip or self.faults.stray or self.faults.half or self.faults.late:
            raise SettingsError(
                f"{self.asset}: a LoRaWAN report comes whole and at once, or not at all",
                hint="of flip, stray, half, late and lose use only lose",
            )

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By its DevEUI."""
        interval_s = max(10.0, self.interval_s)
        named = {"driver": self.DEVICE, "asset": self.asset, "dev_eui": self.dev_eui}
        yield {**named, "report_interval_s": interval_s}


@dataclass(frozen=True, slots=True, kw_only=True)
class Em310Settings(ReporterSettings):
    """A Milesight EM310-UDL: distance, tilt, battery."""

    DEVICE: ClassVar[str] = "em310_udl"
    FAULTS: ClassVar[dict[str, str]] = ReporterSettings.FAULTS | UNKNOWN_FIELD


@dataclass(frozen=True, slots=True, kw_only=True)
class Em400Settings(ReporterSettings):
    """A Milesight EM400-UDL or EM400-MUD: distance, temperature, tilt, battery."""

    DEVICE: ClassVar[str] = "em400"
    FAULTS: ClassVar[dict[str, str]] = ReporterSettings.FAULTS | UNKNOWN_FIELD | FIRE


@dataclass(frozen=True, slots=True, kw_only=True)
class DraginoSettings(ReporterSettings):
    """A Dragino LDDS75, LDDS20, DDS75-LB, DDS20-LB or DDS45-LB: distance, battery voltage."""

    DEVICE: ClassVar[str] = "dragino_ldds"
    FAULTS: ClassVar[dict[str, str]] = (
        ReporterSettings.FAULTS | FIRE | {"unplugged": "its ultrasonic head is not there"}
    )

    ds18b20: bool = field(default=False, metadata=key("its thermometer is plugged in"))

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By its DevEUI, with or without its thermometer."""
        for given in ReporterSettings.agent_devices(self):
            yield {**given, "ds18b20": self.ds18b20}


@dataclass(frozen=True, slots=True, kw_only=True)
class LorawanSettings:
    """One ChirpStack v4 application: its uplinks go to a broker that runs already."""

    DEVICE: ClassVar[str] = "lorawan"

    name: str = field(metadata=key("its name in the ready message"))
    application: str = field(
        default="17c82e96-be03-4f38-aef3-f83d48582d97", metadata=key("its id in ChirpStack")
    )
    host: str = field(default="127.0.0.1", metadata=key("the broker's address"))
    port: int = field(default=1883, metadata=key("the broker's port, without TLS", 1, 65_535))
    user: str = field(default="", metadata=key("user name at the broker"))
    password: str = field(default="", metadata=key("password at the broker"))
    devices: tuple[ReporterSettings, ...] = field(
        metadata=tables("device", Em310Settings, Em400Settings, DraginoSettings, within="lorawan.")
    )

    def __post_init__(self) -> None:
        if not self.devices:
            raise SettingsError(f"{self.name} has no device", hint="add a [[lorawan.device]]")
        check_once((one.dev_eui.lower() for one in self.devices), f"{self.name}: dev_eui")
