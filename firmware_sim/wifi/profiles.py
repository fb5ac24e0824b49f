"""Where each maker's MIB counts an access point's clients, radio by radio."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_sim.snmp.ber import Oid

MAC: Oid = (2, 0, 0, 0, 0, 1)  # locally administered; an index, and nobody's address


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`index` is a radio's row in the column `clients`; `status` an object, 1 while it is up."""

    description: str
    enterprise: Oid
    clients: Oid = ()
    index: Callable[[int], Oid] = lambda radio: (radio,)
    status: Oid = ()


MIKROTIK: Oid = (1, 3, 6, 1, 4, 1, 14988, 1)
ARUBA: Oid = (1, 3, 6, 1, 4, 1, 14823, 2, 3, 3, 1, 2)
RUCKUS: Oid = (1, 3, 6, 1, 4, 1, 25053, 1, 2, 2, 1, 1, 2, 1, 1)
PROFILES = {
    "generic": Profile(description="access point", enterprise=(1, 3, 6, 1, 4, 1, 8072, 3, 2, 10)),
    # MIKROTIK-MIB mtxrWlApClientCount by ifIndex
    "mikrotik": Profile(
        description="RouterOS RBwAPG-5HacD2HnD",
        enterprise=MIKROTIK,
        clients=(*MIKROTIK, 1, 1, 3, 1, 6),
    ),
    # UBNT-UniFi-MIB unifiVapNumStations
    "unifi": Profile(
        description="UAP-AC-Mesh",
        enterprise=(1, 3, 6, 1, 4, 1, 41112),
        clients=(1, 3, 6, 1, 4, 1, 41112, 1, 6, 1, 2, 1, 8),
    ),
    # AI-AP-MIB aiRadioClientNum by access point and radio, aiAPStatus
    "aruba_instant": Profile(
        description="ArubaOS (MODEL: 225)",
        enterprise=(1, 3, 6, 1, 4, 1, 14823, 1, 2, 59),
        clients=(*ARUBA, 2, 1, 21),
        index=lambda radio: (*MAC, radio),
        status=(*ARUBA, 1, 1, 11, *MAC),
    ),
    # RUCKUS-ZD-WLAN-MIB ruckusZDWLANAPNumSta and ruckusZDWLANAPStatus, one row for all radios
    "ruckus": Profile(
        description="Ruckus Wireless ZD1200",
        enterprise=(1, 3, 6, 1, 4, 1, 25053, 3, 1, 5, 1),
        clients=(*RUCKUS, 15),
        index=lambda _: (len(MAC), *MAC),
        status=(*RUCKUS, 3, len(MAC), *MAC),
    ),
}
