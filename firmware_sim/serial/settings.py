"""Serial lines and the sensors that speak on them by themselves, as a district file has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

from firmware_sim.errors import SettingsError
from firmware_sim.key import SILENT, DeviceSettings, check_once, key, tables
from firmware_sim.modbus.settings import UNITS, UnitSettings
from firmware_sim.world.bin import BIN_FAULTS


@dataclass(frozen=True, slots=True, kw_only=True)
class BinSettings(DeviceSettings):
    """A waste bin and the sensor in its lid."""

    FAULTS: ClassVar[dict[str, str]] = SILENT | BIN_FAULTS

    depth_mm: int = field(
        default=1200, metadata=key("distance to the empty bin's floor", 100, 4500)
    )
    fill_per_h: float = field(default=0.05, metadata=key("how fast it fills, 1 = full", 0, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class BinSensorSettings(BinSettings):
    """An A02YYUW ultrasonic sensor in the lid of one waste bin, sending about 10 times a second."""

    DEVICE: ClassVar[str] = "a02yyuw"

    interval_ms: int = field(default=100, metadata=key("time between two frames", 20, 60_000))

    def __post_init__(self) -> None:
        DeviceSettings.__post_init__(self)
        self.refuse_late()

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By the driver made for it."""
        yield {"driver": self.DEVICE, "asset": self.asset}


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxbotixSettings(BinSensorSettings):
    """A MaxBotix HRXL-WR ultrasonic sensor in the lid of one waste bin, sending text."""

    DEVICE: ClassVar[str] = "maxbotix"

    interval_ms: int = field(default=150, metadata=key("time between two frames", 20, 60_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """One serial line: either Modbus units sharing an RS-485 bus, or a single bin sensor."""

    DEVICE: ClassVar[str] = "line"

    name: str = field(metadata=key("the line's name in the ready message"))
    port: str = field(metadata=key("the serial port's symlink, relative to --dir"))
    baud: int = field(default=9600, metadata=key("baud rate", 300, 4_000_000))
    pace: bool = field(default=True, metadata=key("spend the time a real wire would"))
    devices: tuple[UnitSettings | BinSensorSettings, ...] = field(
        metadata=tables("device", *UNITS, BinSensorSettings, MaxbotixSettings, within="line.")
    )

    def __post_init__(self) -> None:
        check_relative(self.port)
        if not self.devices:
            raise SettingsError(f"line {self.name} has no device", hint="add a [[line.device]]")
        if len(self.devices) > 1 and self.bin_sensor():
            raise SettingsError(
                f"line {self.name} joins a bin sensor with other devices",
                hint="give each bin sensor a [[line]] of its own: it sends unasked",
            )
        check_once((unit.address for unit in self.units()), f"line {self.name}: address")

    def units(self) -> tuple[UnitSettings, ...]:
        """The Modbus units on this line, in order."""
        return tuple(one for one in self.devices if isinstance(one, UnitSettings))

    def bin_sensor(self) -> BinSensorSettings | None:
        """The bin sensor, if this is the line of one."""
        return next((one for one in self.devices if isinstance(one, BinSensorSettings)), None)


def check_relative(port: str) -> None:
    """Raises SettingsError for a path that leaves the directory."""
    path = PurePosixPath(port)
    if not path.name or path.is_absolute() or ".." in path.parts:
        raise SettingsError(
            f"port {port!r} leaves the --dir directory",
            hint='write a path relative to it, like port = "bb-0001/rs485"',
        )
