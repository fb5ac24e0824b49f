"""An access point tells its clients, octets and uptime by SNMP, as its maker's MIB has it.

Objects: SNMPv2-MIB, IF-MIB (RFC 2863), and the makers' of `profiles`.
"""

from collections.abc import Container, Iterator

from firmware_sim.ground import Ground
from firmware_sim.snmp import ber
from firmware_sim.snmp.agent import SYSTEM, SnmpAgent, Variable, number, octets, text, uptime
from firmware_sim.snmp.ber import Oid
from firmware_sim.snmp.usm import Usm
from firmware_sim.wifi.profiles import PROFILES
from firmware_sim.wifi.settings import AccessPointSettings
from firmware_sim.world.wifi import Hotspot, WifiState

IF_OPER_STATUS: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1, 8)
IF_X_ENTRY: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
UP, DOWN = 1, 2  # ifOperStatus
HIGH_SPEED_MBPS = 1000
MOST_OCTETS = 2**48  # from where its counters fall


async def open_access_point(settings: AccessPointSettings, ground: Ground) -> str:
    """Its agent listens at the host:port returned; raises PortError."""
    faults = ground.faults[settings.asset]
    hotspot = Hotspot(
        start_s=ground.start_s, seed=ground.seed(settings.asset, "wifi"), faults=faults
    )
    agent = SnmpAgent(
        device=settings.DEVICE,
        asset=settings.asset,
        community=settings.community,
        table=lambda now_s: table(hotspot.at(now_s), settings, faults),
        voice=ground.voice(settings),
        usm=_usm(settings) if settings.user else None,
    )
    return await ground.open_agent(agent, settings)


def table(
    state: WifiState, settings: AccessPointSettings, faults: Container[str] = ()
) -> Iterator[Variable]:
    """Everything this access point tells."""
    profile, interface = PROFILES[settings.profile], settings.interface
    yield text((*SYSTEM, 1, 0), profile.description)
    yield Variable(oid=(*SYSTEM, 2, 0), value=ber.oid(profile.enterprise))
    yield uptime(state.uptime_s)
    yield text((*SYSTEM, 5, 0), settings.asset)
    status = UP if state.up else DOWN
    yield number((*IF_OPER_STATUS, interface), ber.INTEGER, "oper_status", status)
    received, sent = state.in_octets, state.out_octets
    if "backwards" in faults:
        received, sent = MOST_OCTETS - received, MOST_OCTETS - sent
    yield octets((*IF_X_ENTRY, 6, interface), "in_octets", received)
    yield octets((*IF_X_ENTRY, 10, interface), "out_octets", sent)
    yield number((*IF_X_ENTRY, 15, interface), ber.GAUGE32, None, HIGH_SPEED_MBPS)
    if profile.status:
        yield number(profile.status, ber.INTEGER, None, status)
    if profile.clients and "no_table" not in faults:
        yield from _clients(state.clients, settings)


def _clients(clients: int, settings: AccessPointSettings) -> Iterator[Variable]:
    """A row for each radio; where the MIB has one row for all, one."""
    profile, first = PROFILES[settings.profile], settings.radio
    rows = list(dict.fromkeys(profile.index(first + one) for one in range(settings.radios)))
    for at, row in enumerate(rows):
        share = clients * (at + 1) // len(rows) - clients * at // len(rows)
        name = "clients" if len(rows) == 1 else f"clients_{at + 1}"
        yield number((*profile.clients, *row), ber.GAUGE32, name, share)


def _usm(settings: AccessPointSettings) -> Usm:
    return Usm(
        engine=b"\x80\x00\x1f\x88\x04" + settings.asset.encode()[:27],  # RFC 3411: text
        user=settings.user,
        auth=settings.auth,
        auth_password=settings.auth_password,
        priv_password=settings.priv_password,
    )
