"""DFRobot URM13 and URM14 ultrasonic sensors and the SEN0492 laser in holding registers.

Registers: DFRobot SEN0310 wiki (0 to 8) and SEN0492 wiki (0x34).
"""

from collections.abc import Callable, Iterator

from firmware_sim.faults import Voice
from firmware_sim.modbus.pdu import READ_HOLDING
from firmware_sim.modbus.registers import RegisterUnit, Value, whole
from firmware_sim.modbus.settings import Sen0492Settings, Urm13Settings
from firmware_sim.world.bin import BinState

ADDRESS, BAUD, FRAMING, DISTANCE, TEMPERATURE, OUTER_TEMPERATURE = 2, 3, 4, 5, 6, 7
BAUD_9600, EIGHT_N_ONE = 3, 1
URM_SPANS = (range(9),)
LASER_DISTANCE = 0x34
LASER_SPANS = (range(LASER_DISTANCE, LASER_DISTANCE + 1),)

Look = Callable[[float], BinState]


def build_urm13(settings: Urm13Settings, look: Look, voice: Voice) -> RegisterUnit:
    """An ultrasonic sensor."""
    return RegisterUnit(
        settings,
        functions=(READ_HOLDING,),
        spans=URM_SPANS,
        table=lambda now_s: urm13(settings, look(now_s)),
        voice=voice,
    )


def build_sen0492(settings: Sen0492Settings, look: Look, voice: Voice) -> RegisterUnit:
    """A laser sensor."""
    return RegisterUnit(
        settings,
        functions=(READ_HOLDING,),
        spans=LASER_SPANS,
        table=lambda now_s: [whole(LASER_DISTANCE, "distance", look(now_s).distance_mm)],
        voice=voice,
    )


def urm13(settings: Urm13Settings, state: BinState) -> Iterator[Value]:
    """What an ultrasonic sensor holds."""
    steps = round(state.distance_mm / settings.step_mm)
    tenths = round(state.temperature_c * 10)
    yield Value(first=ADDRESS, words=(settings.address,))
    yield Value(first=BAUD, words=(BAUD_9600,))
    yield Value(first=FRAMING, words=(EIGHT_N_ONE,))
    yield whole(DISTANCE, "distance", steps, step=settings.step_mm)
    yield whole(TEMPERATURE, "temperature", tenths, step=0.1)
    yield whole(OUTER_TEMPERATURE, "", 0)
