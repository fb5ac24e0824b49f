"""A MikroTik access point tells its clients, octets and uptime by SNMP.

Objects: SNMPv2-MIB, IF-MIB (RFC 2863), MIKROTIK-MIB mtxrWlApTable.
"""

from collections.abc import Iterator

from firmware_sim.ground import Ground
from firmware_sim.snmp import ber
from firmware_sim.snmp.agent import SYSTEM, SnmpAgent, Variable, number, octets, text, uptime
from firmware_sim.snmp.ber import Oid
from firmware_sim.wifi.settings import AccessPointSettings
from firmware_sim.world.wifi import Hotspot, WifiState

IF_OPER_STATUS: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1, 8)
IF_X_ENTRY: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
MIKROTIK: Oid = (1, 3, 6, 1, 4, 1, 14988, 1)
AP_CLIENT_COUNT: Oid = (*MIKROTIK, 1, 1, 3, 1, 6)
UP, DOWN = 1, 2  # ifOperStatus
HIGH_SPEED_MBPS = 1000


async def open_access_point(settings: AccessPointSettings, ground: Ground) -> str:
    """Its agent listens at the host:port returned; raises PortError."""
    hotspot = Hotspot(
        start_s=ground.start_s,
        seed=ground.seed(settings.asset, "wifi"),
        faults=ground.faults[settings.asset],
    )
    agent = SnmpAgent(
        device=settings.DEVICE,
        asset=settings.asset,
        community=settings.community,
        table=lambda now_s: table(hotspot.at(now_s), settings),
        voice=ground.voice(settings),
    )
    return await ground.open_agent(agent, settings)


def table(state: WifiState, settings: AccessPointSettings) -> Iterator[Variable]:
    """Everything this access point tells."""
    interface = settings.interface
    yield text((*SYSTEM, 1, 0), "RouterOS RBwAPG-5HacD2HnD")
    yield Variable(oid=(*SYSTEM, 2, 0), value=ber.oid(MIKROTIK))
    yield uptime(state.uptime_s)
    yield text((*SYSTEM, 5, 0), settings.asset)
    status = UP if state.up else DOWN
    yield number((*IF_OPER_STATUS, interface), ber.INTEGER, "oper_status", status)
    yield octets((*IF_X_ENTRY, 6, interface), "in_octets", state.in_octets)
    yield octets((*IF_X_ENTRY, 10, interface), "out_octets", state.out_octets)
    yield number((*IF_X_ENTRY, 15, interface), ber.GAUGE32, None, HIGH_SPEED_MBPS)
    yield number((*AP_CLIENT_COUNT, settings.radio), ber.GAUGE32, "clients", state.clients)
