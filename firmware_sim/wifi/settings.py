"""Access points as a district file describes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from firmware_sim.key import SocketSettings, key


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPointSettings(SocketSettings):
    """A MikroTik access point's SNMP v2c agent: clients, octets and uptime over UDP."""

    DEVICE: ClassVar[str] = "snmp_access_point"
    FAULTS: ClassVar[dict[str, str]] = SocketSettings.FAULTS | {
        "uplink_down": "its uplink's interface is down",
    }

    community: str = field(default="public", metadata=key("the only community it answers"))
    interface: int = field(default=1, metadata=key("ifIndex of its uplink", 1, 2_147_483_647))
    radio: int = field(default=2, metadata=key("ifIndex of its radio", 1, 2_147_483_647))

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By the driver made for it, with MikroTik's count of clients."""
        yield {
            "driver": self.DEVICE,
            "asset": self.asset,
            "community": self.community,
            "interface": self.interface,
            "clients_oid": f"1.3.6.1.4.1.14988.1.1.1.3.1.6.{self.radio}",
        }
