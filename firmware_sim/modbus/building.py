"""Modbus units of a district over the small world they measure."""

from collections.abc import Iterator

from firmware_sim.ground import Ground
from firmware_sim.modbus.pdu import Unit
from firmware_sim.modbus.pzem004t import Pzem004t
from firmware_sim.modbus.settings import LampMeterSettings, LampSettings, UnitSettings
from firmware_sim.world.lamp import Lamp


def build_unit(settings: UnitSettings, ground: Ground) -> Iterator[Unit]:
    """What answers at the unit's address."""
    match settings:
        case LampMeterSettings():
            load = build_lamp(settings, ground).at
            yield Pzem004t(settings, load=load, voice=ground.voice(settings))
        case _:
            raise AssertionError(f"no unit is built of {type(settings).__name__}")


def build_lamp(settings: LampSettings, ground: Ground) -> Lamp:
    """The streetlight that a meter measures."""
    return Lamp(
        rated_w=settings.rated_w,
        power_factor=settings.power_factor,
        is_dark=ground.sky.is_dark,
        start_s=ground.start_s,
        seed=ground.seed(settings.asset, "lamp"),
        faults=ground.faults[settings.asset],
        cycle_s=settings.cycle_s,
    )
