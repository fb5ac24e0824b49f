"""Where each maker's MIB counts the clients of an access point, and says that it is up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`clients` is a column with a row for each radio or network; empty if none is known.

    `status` is a column with a row for each access point of a controller, and `up` its good value.
    """

    clients: str = ""
    status: str = ""
    up: int = 1


PROFILES = {
    "generic": Profile(),
    # MIKROTIK-MIB mtxrWlApClientCount, a row for each wireless interface
    "mikrotik": Profile(clients="1.3.6.1.4.1.14988.1.1.1.3.1.6"),
    # UBNT-UniFi-MIB unifiVapNumStations, a row for each network on each radio
    "unifi": Profile(clients="1.3.6.1.4.1.41112.1.6.1.2.1.8"),
    # AI-AP-MIB aiRadioClientNum by access point and radio; aiAPStatus by access point, up(1)
    "aruba_instant": Profile(
        clients="1.3.6.1.4.1.14823.2.3.3.1.2.2.1.21", status="1.3.6.1.4.1.14823.2.3.3.1.2.1.1.11"
    ),
    # RUCKUS-ZD-WLAN-MIB ruckusZDWLANAPNumSta and ruckusZDWLANAPStatus, connected(1)
    "ruckus": Profile(
        clients="1.3.6.1.4.1.25053.1.2.2.1.1.2.1.1.15", status="1.3.6.1.4.1.25053.1.2.2.1.1.2.1.1.3"
    ),
}
