"""Any Modbus device, on a serial line or on the network, read as its register map says."""

from pathlib import Path

from agent.drivers.driver import Driver, Observation
from agent.drivers.modbus import Master
from agent.drivers.modbus_tcp import TcpMaster
from agent.drivers.place import NetworkPlace, SerialPlace
from agent.drivers.register_map import RegisterMap, load_map
from agent.errors import FrameError
from contract.network_devices import ModbusTcpMap
from contract.serial_devices import ModbusMap


class ModbusMapDriver:
    """One unit; every block of its map is asked for in turn."""

    def __init__(
        self, master: Master, registers: RegisterMap, *, unit: int, base: int, timeout_ms: int
    ) -> None:
        self._master = master
        self._asked = [(block, block.question(unit, base=base)) for block in registers.block]
        self._timeout_ms = timeout_ms

    async def read(self) -> tuple[Observation, ...]:
        """All the map's quantities that the device has; raises DeviceError or LineGone."""
        seen: list[Observation] = []
        for block, question in self._asked:
            values = await self._master.ask(question, timeout_ms=self._timeout_ms)
            seen += block.observe(values)
        if not seen:
            raise FrameError("the device answered that it has none of the map's values")
        return tuple(seen)


def build(settings: ModbusMap | ModbusTcpMap, place: SerialPlace | NetworkPlace) -> Driver:
    """The driver of one unit; raises SettingsError if its map is refused."""
    return ModbusMapDriver(
        _master(settings, place),
        load_map(Path(settings.map)),
        unit=settings.address,
        base=settings.base,
        timeout_ms=settings.timeout_ms,
    )


def _master(settings: ModbusMap | ModbusTcpMap, place: SerialPlace | NetworkPlace) -> Master:
    if isinstance(settings, ModbusTcpMap):
        assert isinstance(place, NetworkPlace)
        return TcpMaster(settings.host, settings.port, resolver=place.resolver)
    assert isinstance(place, SerialPlace)
    return place.master
