"""Every driver by its name in the settings; its module is imported when a setting names it."""

import importlib

from agent.clock import Clock
from agent.drivers.driver import Driver
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.place import NetworkPlace, SerialPlace
from agent.drivers.resolver import Resolver
from agent.line import Port
from contract.network_devices import NetworkDevice
from contract.serial_devices import SerialDevice
from contract.settings import SerialLine

MODULES = {
    "pzem004t": "agent.drivers.pzem004t",
    "modbus_map": "agent.drivers.modbus_map",
    "a02yyuw": "agent.drivers.a02yyuw",
    "rtsp_camera": "agent.drivers.rtsp_camera",
    "snmp_access_point": "agent.drivers.snmp_access_point",
}


def open_port(line: SerialLine) -> Port:
    """The line's real port, not yet opened; loads pyserial."""
    port: Port = importlib.import_module("agent.serial_port").SerialPort(line.port, baud=line.baud)
    return port


def serial_drivers(line: SerialLine, *, port: Port, clock: Clock) -> list[Driver]:
    """A driver for each device on `line`, in the settings' order."""
    master = RtuMaster(port, baud=line.baud, clock=clock)
    place = SerialPlace(port=port, master=master, clock=clock)
    return [_build(device, place) for device in line.device]


def network_drivers(devices: list[NetworkDevice], *, clock: Clock) -> list[Driver]:
    """A driver for each device, in the settings' order."""
    place = NetworkPlace(clock=clock, resolver=Resolver())
    return [_build(device, place) for device in devices]


def _build(device: SerialDevice | NetworkDevice, place: SerialPlace | NetworkPlace) -> Driver:
    driver: Driver = importlib.import_module(MODULES[device.driver]).build(device, place)
    return driver
