"""A switch says by SNMP whether it powers a port (POWER-ETHERNET-MIB, RFC 3621; MIKROTIK-MIB)."""

from agent.drivers.place import NetworkPlace
from agent.drivers.snmp_access_point import INTEGER as INTEGERS
from agent.drivers.snmp_access_point import SnmpAccessPointDriver, Template, Variable, new_id
from agent.errors import Unpowered
from contract.network_devices import Poe

STATUS = "poe_status"
POWERED = 3
OBJECTS = {
    "pethPsePortDetectionStatus": "1.3.6.1.2.1.105.1.1.1.6",
    "mtxrPOEStatus": "1.3.6.1.4.1.14988.1.1.15.1.1.3",
}
WORDS = {
    "pethPsePortDetectionStatus": {
        1: "disabled", 2: "searching for a device", 4: "at fault", 5: "testing", 6: "at fault",
    },
    "mtxrPOEStatus": {
        1: "disabled", 2: "waiting for a load", 4: "overloaded", 5: "short-circuited",
        6: "at too low a voltage", 7: "at too low a current", 8: "being reset",
        9: "at too high a voltage", 10: "stopped by a controller error", 13: "without a supply",
    },
}  # fmt: skip


class PoePort:
    """The port that feeds one device."""

    def __init__(self, settings: Poe, place: NetworkPlace) -> None:
        self._settings = settings
        oid = f"{OBJECTS[settings.object]}.{settings.index}"
        variables = (Variable(oid=oid, quantity=STATUS, types=INTEGERS),)
        self._switch = SnmpAccessPointDriver(
            host=settings.host,
            port=settings.port,
            community=settings.community,
            variables=variables,
            template=Template(settings.community, variables),
            timeout_ms=settings.timeout_ms,
            resolver=place.resolver,
            new_id=new_id,
        )

    async def require(self) -> None:
        """Raises Unpowered if the port gives no power, another DeviceError if nobody knows."""
        (status,) = await self._switch.read()
        if status.value != POWERED:
            known = WORDS[self._settings.object]
            state = known.get(int(status.value), f"in state {status.value:.0f}")
            raise Unpowered(
                f"port {self._settings.index} of the switch {self._settings.host} gives no power:"
                f" it is {state}",
                hint="check the cable and the port's PoE",
            )
