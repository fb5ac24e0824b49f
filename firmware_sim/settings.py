"""A district as its TOML file describes it, checked, with a sentence for everything wrong.

The reader of files is `district_file`; code may build these directly.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal, get_args

from firmware_sim.errors import SettingsError

ASSET = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
SunMode = Literal["night", "day", "real"]
CameraAuth = Literal["digest-md5", "digest-sha256", "basic", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a setting means and which values it may have."""

    says: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


def _key(
    says: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
) -> dict[str, Key]:
    return {"key": Key(says=says, low=low, high=high, choices=choices)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSettings:
    """How often a device's answers go wrong; at most one fault per answer."""

    lose: float = field(default=0.0, metadata=_key("chance that no byte leaves", 0, 1))
    flip: float = field(default=0.0, metadata=_key("chance that one bit is turned over", 0, 1))
    stray: float = field(default=0.0, metadata=_key("chance of a stray byte before it", 0, 1))
    half: float = field(default=0.0, metadata=_key("chance that only its first half leaves", 0, 1))
    late: float = field(default=0.0, metadata=_key("chance that it leaves late_ms later", 0, 1))
    late_ms: int = field(default=600, metadata=_key("how late a late answer is", 1, 60_000))

    def __post_init__(self) -> None:
        if (total := self.lose + self.flip + self.stray + self.half + self.late) > 1:
            raise SettingsError(
                f"faults add up to {total:g}, more than every answer",
                hint="make lose + flip + stray + half + late at most 1",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LampMeterSettings:
    """A PZEM-004T v3 or PZEM-016 energy meter on one streetlight."""

    asset: str = field(metadata=_key("the streetlight's inventory number"))
    address: int = field(metadata=_key("Modbus address", 1, 247))
    rated_w: float = field(default=90.0, metadata=_key("the lamp's power when lit", 1, 20_000))
    power_factor: float = field(default=0.95, metadata=_key("the lamp's power factor", 0.1, 1))
    alarm_w: int = field(default=2300, metadata=_key("over-power alarm threshold", 0, 25_000))
    turnaround_ms: float = field(
        default=20.0, metadata=_key("time from question to first byte", 0, 1000)
    )
    faults: FaultSettings = field(default=FaultSettings(), metadata=_key("see Faults below"))

    def __post_init__(self) -> None:
        _check_asset(self.asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class BinSensorSettings:
    """An ultrasonic sensor in the lid of one waste bin: an A02YYUW."""

    asset: str = field(metadata=_key("the bin's inventory number"))
    depth_mm: int = field(
        default=1200, metadata=_key("distance to the empty bin's floor", 100, 4500)
    )
    interval_ms: int = field(default=100, metadata=_key("time between two frames", 20, 60_000))
    fill_per_h: float = field(default=0.05, metadata=_key("how fast it fills, 1 = full", 0, 60))
    faults: FaultSettings = field(default=FaultSettings(), metadata=_key("see Faults below"))

    def __post_init__(self) -> None:
        _check_asset(self.asset)
        if self.faults.late:
            raise SettingsError(
                f"{self.asset}: a bin sensor sends unasked, so it cannot be late",
                hint="take `late` out of its faults, or use `lose`",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxbotixSettings(BinSensorSettings):
    """A MaxBotix HRXL-WR ultrasonic sensor in the lid of one waste bin."""

    interval_ms: int = field(default=150, metadata=_key("time between two frames", 20, 60_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """One serial line: either meters sharing an RS-485 bus, or a single bin sensor."""

    name: str = field(metadata=_key("the line's name in the ready message"))
    port: str = field(metadata=_key("the serial port's symlink, relative to --dir"))
    baud: int = field(default=9600, metadata=_key("baud rate", 300, 4_000_000))
    pace: bool = field(default=True, metadata=_key("spend the time a real wire would"))
    devices: tuple[LampMeterSettings | BinSensorSettings, ...] = field(
        metadata=_key("[[line.device]] tables")
    )

    def __post_init__(self) -> None:
        _check_relative(self.port)
        if not self.devices:
            raise SettingsError(f"line {self.name} has no device", hint="add a [[line.device]]")
        if len(self.devices) > 1 and self.bin_sensor():
            raise SettingsError(
                f"line {self.name} joins a bin sensor with other devices",
                hint="give each bin sensor a [[line]] of its own: it sends unasked",
            )
        _check_once((meter.address for meter in self.lamp_meters()), f"line {self.name}: address")

    def lamp_meters(self) -> tuple[LampMeterSettings, ...]:
        """The meters on this line, in order."""
        return tuple(one for one in self.devices if isinstance(one, LampMeterSettings))

    def bin_sensor(self) -> BinSensorSettings | None:
        """The bin sensor, if this is the line of one."""
        return next((one for one in self.devices if isinstance(one, BinSensorSettings)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """An RTSP camera that describes its stream and carries no video."""

    asset: str = field(metadata=_key("the camera's inventory number"))
    host: str = field(default="127.0.0.1", metadata=_key("address to listen on"))
    port: int = field(default=0, metadata=_key("TCP port, 0 = any free one", 0, 65_535))
    path: str = field(
        default="/Streaming/Channels/101", metadata=_key("the stream's path, from the slash on")
    )
    user: str = field(default="nadi", metadata=_key("user name"))
    password: str = field(default="rahasia", metadata=_key("password"))
    auth: CameraAuth = field(
        default="digest-md5",
        metadata=_key("how it asks who is there", None, None, get_args(CameraAuth)),
    )
    streams: int = field(default=1, metadata=_key("video streams described, 0 = dead", 0, 8))
    faults: FaultSettings = field(default=FaultSettings(), metadata=_key("see Faults below"))

    def __post_init__(self) -> None:
        _check_asset(self.asset)
        if not self.path.startswith("/"):
            raise SettingsError(
                f"{self.asset}: path {self.path!r} does not start with a slash",
                hint=f'write path = "/{self.path}"',
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPointSettings:
    """A MikroTik access point's SNMP v2c agent."""

    asset: str = field(metadata=_key("the access point's inventory number"))
    host: str = field(default="127.0.0.1", metadata=_key("address to listen on"))
    port: int = field(default=0, metadata=_key("UDP port, 0 = any free one", 0, 65_535))
    community: str = field(default="public", metadata=_key("the only community it answers"))
    interface: int = field(default=1, metadata=_key("ifIndex of its uplink", 1, 2_147_483_647))
    radio: int = field(default=2, metadata=_key("ifIndex of its radio", 1, 2_147_483_647))
    faults: FaultSettings = field(default=FaultSettings(), metadata=_key("see Faults below"))

    def __post_init__(self) -> None:
        _check_asset(self.asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictSettings:
    """Everything one simulator process serves."""

    seed: int = field(default=1, metadata=_key("same seed, same district and faults"))
    clock: SunMode = field(
        default="night",
        metadata=_key("the lamps' sky; real = Baubau's sun now", None, None, get_args(SunMode)),
    )
    lines: tuple[LineSettings, ...] = field(default=(), metadata=_key("[[line]] tables"))
    cameras: tuple[CameraSettings, ...] = field(default=(), metadata=_key("[[camera]] tables"))
    access_points: tuple[AccessPointSettings, ...] = field(
        default=(), metadata=_key("[[access_point]] tables")
    )

    def __post_init__(self) -> None:
        if not (self.lines or self.cameras or self.access_points):
            raise SettingsError(
                "this district is empty",
                hint="add a [[line]], [[camera]] or [[access_point]]; see `nadi-sim list`",
            )
        _check_once(self.assets(), "asset")
        _check_once((line.name for line in self.lines), "line name")
        _check_once((line.port for line in self.lines), "port")

    def assets(self) -> tuple[str, ...]:
        """Every asset of the district."""
        on_lines = (device.asset for line in self.lines for device in line.devices)
        return (
            *on_lines,
            *(one.asset for one in self.cameras),
            *(one.asset for one in self.access_points),
        )


def _check_asset(asset: str) -> None:
    if not ASSET.match(asset):
        raise SettingsError(
            f"asset {asset!r} is not an inventory number",
            hint="use 1 to 64 letters, digits, dots, underscores or hyphens, like PJU-0001",
        )


def _check_relative(port: str) -> None:
    path = PurePosixPath(port)
    if not path.name or path.is_absolute() or ".." in path.parts:
        raise SettingsError(
            f"port {port!r} leaves the --dir directory",
            hint='write a path relative to it, like port = "bb-0001/rs485"',
        )


def _check_once(values: Iterable[str | int], what: str) -> None:
    for value, times in Counter(values).items():
        if times > 1:
            raise SettingsError(f"{what} {value} is used {times} times", hint="use each one once")
