"""A PoE switch tells by SNMP which of its ports give power.

Objects: POWER-ETHERNET-MIB (RFC 3621) pethPsePortTable, MIKROTIK-MIB mtxrPOETable, IF-MIB.
"""

from collections.abc import Iterator

from firmware_sim.ground import Ground
from firmware_sim.snmp import ber
from firmware_sim.snmp.agent import SYSTEM, SnmpAgent, Variable, number, text, uptime
from firmware_sim.snmp.ber import Oid
from firmware_sim.switch.settings import SwitchPortSettings, SwitchSettings

ADMIN_ENABLE: Oid = (1, 3, 6, 1, 2, 1, 105, 1, 1, 1, 3)
DETECTION_STATUS: Oid = (1, 3, 6, 1, 2, 1, 105, 1, 1, 1, 6)
MIKROTIK_STATUS: Oid = (1, 3, 6, 1, 4, 1, 14988, 1, 1, 15, 1, 1, 3)
IF_OPER_STATUS: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1, 8)
TRUE = 1
SEARCHING, DELIVERING = 2, 3  # pethPsePortDetectionStatus
WAITING_FOR_LOAD, POWERED_ON = 2, 3  # mtxrPOEStatus
UP, DOWN = 1, 2  # ifOperStatus


async def open_switch(settings: SwitchSettings, ground: Ground) -> str:
    """Its agent listens at the host:port returned; raises PortError."""
    booted_s = ground.start_s - 86_400

    def table(now_s: float) -> Iterator[Variable]:
        yield text((*SYSTEM, 1, 0), "PoE switch")
        yield uptime(now_s - booted_s)
        yield text((*SYSTEM, 5, 0), settings.asset)
        for port in settings.ports:
            yield from port_table(port, powers="unpowered" not in ground.faults[port.feeds])

    agent = SnmpAgent(
        device=settings.DEVICE,
        asset=settings.asset,
        community=settings.community,
        table=table,
        voice=ground.voice(settings),
    )
    return await ground.open_agent(agent, settings)


def port_table(port: SwitchPortSettings, *, powers: bool) -> Iterator[Variable]:
    """What one port tells in both MIBs; an unpowered one looks for a load."""
    group, index = (int(part) for part in port.index.split("."))
    name = f"poe_status {port.feeds}"
    peth = DELIVERING if powers else SEARCHING
    mikrotik = POWERED_ON if powers else WAITING_FOR_LOAD
    yield number((*ADMIN_ENABLE, group, index), ber.INTEGER, None, TRUE)
    yield number((*DETECTION_STATUS, group, index), ber.INTEGER, name, peth)
    yield number((*MIKROTIK_STATUS, index), ber.INTEGER, name, mikrotik)
    yield number((*IF_OPER_STATUS, index), ber.INTEGER, None, UP if powers else DOWN)
