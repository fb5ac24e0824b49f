"""Every driver by its name in the settings; its module is imported when a setting names it."""

import importlib

from agent.clock import Clock
from agent.drivers.driver import Driver
from agent.drivers.place import Place, Stack
from agent.line import Port
from contract.devices import Device
from contract.settings import LorawanLine, SerialLine

MODULES = {
    "pzem004t": "agent.drivers.pzem004t",
    "modbus_map": "agent.drivers.modbus_map",
    "a02yyuw": "agent.drivers.a02yyuw",
    "maxbotix": "agent.drivers.maxbotix",
    "pillar": "agent.drivers.pillar",
    "echo": "agent.drivers.echo",
    "em310_udl": "agent.drivers.milesight",
    "em400": "agent.drivers.milesight",
    "dragino_ldds": "agent.drivers.dragino",
    "rtsp_camera": "agent.drivers.camera",
    "snmp_access_point": "agent.drivers.snmp_access_point",
    "routeros_access_point": "agent.drivers.routeros_access_point",
    "hotspot": "agent.drivers.hotspot",
}


def open_port(line: SerialLine) -> Port:
    """The line's real port, not yet opened; loads pyserial."""
    port: Port = importlib.import_module("agent.serial_port").SerialPort(line.port, baud=line.baud)
    return port


def open_stack(line: LorawanLine, clock: Clock) -> Stack:
    """The line's subscription, not yet opened; loads the uplinks' models."""
    known = frozenset(device.dev_eui for device in line.device)
    module = importlib.import_module("agent.drivers.chirpstack")
    stack: Stack = module.ChirpStack(line, known, clock=clock)
    return stack


def build(device: Device, place: Place) -> Driver:
    """The driver of one device; raises SettingsError if its settings cannot be met."""
    driver: Driver = importlib.import_module(MODULES[device.driver]).build(device, place)
    return driver
