"""PoE switches as a district file describes them."""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from firmware_sim.errors import SettingsError
from firmware_sim.key import DeviceSettings, SocketSettings, check_once, key, tables

INDEX = re.compile(r"[1-9][0-9]{0,4}\.[1-9][0-9]{0,4}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPortSettings:
    """One port of a PoE switch and what it powers."""

    DEVICE: ClassVar[str] = "outlet"

    index: str = field(metadata=key("group.port of POWER-ETHERNET-MIB; MikroTik's ifIndex is port"))
    feeds: str = field(metadata=key("the asset it powers; its fault `unpowered` is seen here"))

    def __post_init__(self) -> None:
        if not INDEX.match(self.index):
            raise SettingsError(
                f"index {self.index!r} is no group.port", hint='write index = "1.5"'
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSettings(SocketSettings):
    """A PoE switch's SNMP v2c agent: which of its ports give power."""

    DEVICE: ClassVar[str] = "poe_switch"
    FAULTS: ClassVar[dict[str, str]] = DeviceSettings.FAULTS | {
        "dead": "it has no power, and nothing that it feeds has any"
    }

    community: str = field(default="public", metadata=key("the only community it answers"))
    ports: tuple[SwitchPortSettings, ...] = field(
        default=(), metadata=tables("outlet", SwitchPortSettings, within="switch.")
    )

    def __post_init__(self) -> None:
        DeviceSettings.__post_init__(self)
        check_once((port.index for port in self.ports), f"{self.asset}: index")

    def muted_by(self) -> tuple[str, ...]:
        """Without power it says nothing either."""
        return ("silent", "dead")
