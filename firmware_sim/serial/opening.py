"""Serial lines of a district with the devices on them."""

from firmware_sim.bins import build_bin
from firmware_sim.ground import Ground
from firmware_sim.modbus.building import build_unit
from firmware_sim.modbus.bus import ModbusBus
from firmware_sim.serial.a02yyuw import A02yyuw
from firmware_sim.serial.maxbotix import Maxbotix
from firmware_sim.serial.pty_port import PtyPort
from firmware_sim.serial.sensor_line import SensorLine
from firmware_sim.serial.settings import (
    BinSensorSettings,
    LineSettings,
    MaxbotixSettings,
)
from firmware_sim.serial.wire import Pace


async def open_line(line: LineSettings, ground: Ground) -> str:
    """Its port is at the path returned; raises PortError."""
    port = PtyPort(ground.directory / line.port)
    ground.opened.callback(port.close)
    if settings := line.bin_sensor():
        sensor = _build_sensor(settings, ground)
        serving = SensorLine(port, sensor, clock=ground.clock, record=ground.record).run()
    else:
        units = [build_unit(one, ground) for one in line.units()]
        pace = Pace(baud=line.baud, paced=line.pace)
        bus = ModbusBus(port, units, pace=pace, clock=ground.clock, record=ground.record)
        serving = bus.run()
    ground.start(serving, name=line.name)
    return str(port.path)


def _build_sensor(settings: BinSensorSettings, ground: Ground) -> A02yyuw | Maxbotix:
    waste_bin, voice = build_bin(settings, ground), ground.voice(settings)
    if isinstance(settings, MaxbotixSettings):
        return Maxbotix(settings, distance=waste_bin.distance_mm, voice=voice)
    return A02yyuw(settings, distance=waste_bin.distance_mm, voice=voice)
