"""Access points as a district file describes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from firmware_sim.key import SILENT, SocketSettings, key


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPointSettings(SocketSettings):
    """A MikroTik access point's SNMP v2c agent: clients, octets and uptime over UDP."""

    DEVICE: ClassVar[str] = "snmp_access_point"
    FAULTS: ClassVar[Mapping[str, str]] = SILENT | {
        "uplink_down": "its uplink's interface is down",
        "unpowered": "the switch's port gives it no power: it is not there",
    }
    MUTED_BY: ClassVar[tuple[str, ...]] = ("silent", "unpowered")

    community: str = field(default="public", metadata=key("the only community it answers"))
    interface: int = field(default=1, metadata=key("ifIndex of its uplink", 1, 2_147_483_647))
    radio: int = field(default=2, metadata=key("ifIndex of its radio", 1, 2_147_483_647))
