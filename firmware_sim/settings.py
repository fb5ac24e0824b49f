"""A district as its TOML file describes it, checked, with a sentence for everything wrong.

The reader of files is `district_file`; code may build these directly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from firmware_sim.camera.settings import CameraSettings
from firmware_sim.errors import SettingsError
from firmware_sim.key import DeviceSettings, Key, check_once, key, tables
from firmware_sim.lorawan.settings import LorawanSettings
from firmware_sim.modbus.settings import ModbusTcpSettings
from firmware_sim.pins.settings import PillarSettings, PinsSettings
from firmware_sim.serial.settings import LineSettings
from firmware_sim.switch.settings import SwitchSettings
from firmware_sim.wifi.settings import AccessPointSettings, HotspotSettings, RouterosSettings
from firmware_sim.world.sky import SunMode


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictSettings:
    """Everything one simulator process serves."""

    seed: int = field(default=1, metadata=key("same seed, same district and faults"))
    clock: SunMode = field(
        default="night",
        metadata=key("the lamps' sky; real = Baubau's sun now", None, None, get_args(SunMode)),
    )
    lines: tuple[LineSettings, ...] = field(default=(), metadata=tables("line", LineSettings))
    cameras: tuple[CameraSettings, ...] = field(
        default=(), metadata=tables("camera", CameraSettings)
    )
    access_points: tuple[AccessPointSettings, ...] = field(
        default=(), metadata=tables("access_point", AccessPointSettings)
    )
    routers: tuple[RouterosSettings, ...] = field(
        default=(), metadata=tables("routeros", RouterosSettings)
    )
    hotspots: tuple[HotspotSettings, ...] = field(
        default=(), metadata=tables("hotspot", HotspotSettings)
    )
    modbus_tcp: tuple[ModbusTcpSettings, ...] = field(
        default=(), metadata=tables("modbus_tcp", ModbusTcpSettings)
    )
    pins: tuple[PinsSettings, ...] = field(default=(), metadata=tables("pins", PinsSettings))
    lorawan: tuple[LorawanSettings, ...] = field(
        default=(), metadata=tables("lorawan", LorawanSettings)
    )
    switches: tuple[SwitchSettings, ...] = field(
        default=(), metadata=tables("switch", SwitchSettings)
    )

    def __post_init__(self) -> None:
        if not self.devices():
            raise SettingsError(
                "this district is empty",
                hint="add a [[line]], [[camera]] or [[access_point]]; see `nadi-sim list`",
            )
        check_once(self.assets(), "asset")
        check_once((line.name for line in self.lines), "line name")
        check_once((line.port for line in self.lines), "port")
        for section in ("modbus_tcp", "pins", "lorawan"):
            check_once((one.name for one in getattr(self, section)), f"{section} name")
        self._check_feeding()

    def devices(self) -> tuple[DeviceSettings, ...]:
        """Every device of the district, those that hang on others too."""
        return tuple(_devices_below(self))

    def pillars(self) -> tuple[PillarSettings, ...]:
        """Every feeder pillar, whichever gateway's pins it hangs on."""
        return tuple(one for one in self.devices() if isinstance(one, PillarSettings))

    def assets(self) -> tuple[str, ...]:
        """Every asset of the district."""
        return tuple(device.asset for device in self.devices())

    def _check_feeding(self) -> None:
        """What feeds something is here, and so is what it feeds."""
        pillars = {pillar.asset for pillar in self.pillars()}
        powered = {one.asset for one in self.devices() if "unpowered" in one.FAULTS}
        for device in self.devices():
            fed_by = getattr(device, "fed_by", "")
            if fed_by and fed_by not in pillars:
                raise SettingsError(
                    f"{device.asset}: fed_by {fed_by!r} is no pillar of this district",
                    hint='add a [[pins.device]] with type = "pillar", or leave fed_by out',
                )
        for port in (port for switch in self.switches for port in switch.ports):
            if port.feeds not in powered:
                raise SettingsError(
                    f"switch port {port.index}: {port.feeds!r} is nothing that a switch powers",
                    hint="name a camera or an access point of this district",
                )


def _devices_below(settings: Any) -> Iterator[DeviceSettings]:
    for one in fields(settings):
        known: Key | None = one.metadata.get("key")
        for below in getattr(settings, one.name) if known and known.table else ():
            if isinstance(below, DeviceSettings):
                yield below
            yield from _devices_below(below)
