"""A switch says by SNMP whether it powers a port (POWER-ETHERNET-MIB, RFC 3621; MIKROTIK-MIB)."""

from agent.drivers import ber
from agent.drivers.place import NetworkPlace
from agent.drivers.snmp import SnmpAgent, new_number
from agent.drivers.snmp_access_point import Variable, observe
from agent.drivers.snmp_message import Community
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
        self._variables = (Variable(oid=oid, quantity=STATUS, tags=(ber.INTEGER,)),)
        self._switch = SnmpAgent(
            host=settings.host,
            port=settings.port,
            dialect=Community(community=settings.community),
            timeout_ms=settings.timeout_ms,
            resolver=place.resolver,
            new_number=new_number,
        )

    async def require(self) -> None:
        """Raises Unpowered if the port gives no power, another DeviceError if nobody knows."""
        answer = await self._switch.get((self._variables[0].oid,))
        (status,) = observe(answer, self._variables)
        if status.value != POWERED:
            known = WORDS[self._settings.object]
            state = known.get(int(status.value), f"in state {status.value:.0f}")
            raise Unpowered(
                f"port {self._settings.index} of the switch {self._settings.host} gives no power:"
                f" it is {state}",
                hint="check the cable and the port's PoE",
            )
